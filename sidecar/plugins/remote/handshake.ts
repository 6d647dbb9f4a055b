import type { DescribeResponse__Output } from "../../../proto/gen/mesh/v1/DescribeResponse.ts";
import { PLUGIN_API_VERSION } from "../../../proto/observer-plugin.ts";
import { POSITION_NAMES } from "../../chain/verdict.ts";
import type { PluginManifest } from "../../../core/packages/manifest.ts";

/** What a plugin and the sidecar agreed on. */
export interface PluginTerms {
  /** Calls under way at one time. */
  readonly maxInFlight: number;
  /** Observe streams to open; 0: each call is an Execute. */
  readonly observeStreams: number;
}

export type Handshake =
  | { readonly kind: "agreed"; readonly terms: PluginTerms }
  /** `reason` is for people: what was expected and what came. */
  | { readonly kind: "refused"; readonly reason: string };

const DEFAULT_IN_FLIGHT = 1_024;
/** More than this a plugin may say, but it is not believed. */
const MAX_IN_FLIGHT = 16_384;
const MAX_STREAMS = 16;

/** Whether what answered Describe is the plugin of this manifest, and can be asked as the manifest says. */
export function checkDescription(manifest: PluginManifest, said: DescribeResponse__Output): Handshake {
  const reason = mismatch(manifest, said);
  if (reason !== undefined) return { kind: "refused", reason };
  const maxInFlight = Math.min(said.maxInFlight || DEFAULT_IN_FLIGHT, MAX_IN_FLIGHT);
  return {
    kind: "agreed",
    terms: { maxInFlight, observeStreams: Math.min(said.observeStreams, MAX_STREAMS) },
  };
}

function mismatch(manifest: PluginManifest, said: DescribeResponse__Output): string | undefined {
  if (said.apiVersion === "") return `it names no api_version; this sidecar speaks ${PLUGIN_API_VERSION}`;
  if (said.apiVersion !== PLUGIN_API_VERSION)
    return `it speaks ${quoted(said.apiVersion)}, this sidecar speaks ${PLUGIN_API_VERSION}`;
  if (said.name !== "" && said.name !== manifest.name)
    return `it is plugin ${quoted(said.name)}, the manifest says ${manifest.name}`;
  if (said.version !== "" && said.version !== manifest.version)
    return `it is version ${quoted(said.version)}, the manifest says ${manifest.version}`;
  return missingPosition(manifest, said.positions);
}

function missingPosition(manifest: PluginManifest, positions: readonly number[]): string | undefined {
  if (positions.length === 0) return undefined;
  const missing = manifest.positions.find((name) => !positions.includes(POSITION_NAMES.indexOf(name)));
  if (missing === undefined) return undefined;
  const named = positions.slice(0, 8).map((position) => POSITION_NAMES[position] ?? `${position}`);
  return `it wants the positions ${named.join(", ")}, the manifest also names ${missing}`;
}

/** Text from outside, safe to show. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
