import type { PluginReport__Output } from "../../proto/gen/mesh/v1/PluginReport.ts";
import type { StageReport__Output } from "../../proto/gen/mesh/v1/StageReport.ts";
import { PLUGIN_STATUSES, STAGE_STATES, type NodePackage, type NodePlugin } from "../model/node.ts";

/** These end up in alarms, listings and on terminals: nothing that moves a cursor or looks like another word. */
const WORD = /^[\x21-\x7e]+$/;
const DIGEST = /^[0-9a-f]{64}$/;
const LONGEST_NAME = 255;
const LONGEST_VERSION = 64;
const LONGEST_TEXT = 1_000;

/** What a node says of a plugin; undefined where it says nothing that makes sense. A word of a later release is UNKNOWN. */
export function pluginOf(said: PluginReport__Output): NodePlugin | undefined {
  if (!hasSaneKey(said)) return undefined;
  const { plugin, version, digest, generation } = said;
  const status = PLUGIN_STATUSES.find((word) => word === said.state) ?? "UNKNOWN";
  return { plugin, version, digest, status, error: said.error.slice(0, LONGEST_TEXT), generation };
}

/** What a node says of a package; undefined where it says nothing that makes sense. */
export function packageOf(said: StageReport__Output): NodePackage | undefined {
  const state = STAGE_STATES.find((word) => word === said.state);
  if (state === undefined || !hasSaneKey(said)) return undefined;
  const { plugin, version, digest } = said;
  return { plugin, version, digest, state, detail: said.detail.slice(0, LONGEST_TEXT) };
}

function hasSaneKey({ plugin, version, digest }: Pick<NodePlugin, "plugin" | "version" | "digest">): boolean {
  return (
    plugin.length <= LONGEST_NAME &&
    WORD.test(plugin) &&
    version.length <= LONGEST_VERSION &&
    (version === "" || WORD.test(version)) &&
    (digest === "" || DIGEST.test(digest))
  );
}
