import type { Hello__Output } from "../../proto/gen/mesh/v1/Hello.ts";
import type { Node, NodePackage, ResourceType } from "../model/node.ts";
import type { Introduction } from "../reports/live-reports.ts";
import { resourceTypeOf } from "./resource-words.ts";
import { StreamRefused } from "./refusal.ts";

/** Versions of the contract that this control plane speaks, the newest first. */
export const API_VERSIONS = ["mesh.v1"] as const;

const IDENTIFIER = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;
const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const DIGEST = /^[0-9a-f]{64}$/;
const VISIBLE = /^[\x20-\x7e]*$/;
const MOST_LABELS = 64;
const LONGEST_LABEL = 256;
const LONGEST_WORD = 64;
const LONGEST_INCARNATION = 128;
const MOST_STAGED = 500;

/** What a node said of itself, checked. */
export interface CheckedHello {
  readonly apiVersion: string;
  readonly identity: Omit<Node, "revision">;
  readonly introduction: Introduction;
}

/** A `StreamRefused` names everything that is wrong. */
export function checkHello(hello: Hello__Output): CheckedHello {
  const apiVersion = commonVersion(hello.apiVersions);
  const problems = [...identityProblems(hello), ...labelProblems(hello.labels), ...contentProblems(hello)];
  if (problems.length > 0) throw new StreamRefused("invalid_hello", problems.slice(0, 10).join("; "));
  const { node, cluster, service, labels, version, platform, incarnation } = hello;
  const symbol = hello.symbol === "" ? "stable" : hello.symbol;
  return {
    apiVersion,
    identity: { id: node, cluster, service, symbol, labels: { ...labels }, version, platform },
    introduction: { incarnation, inForce: hashesInForce(hello), staged: stagedPackages(hello) },
  };
}

function commonVersion(offered: readonly string[]): string {
  const common = API_VERSIONS.find((version) => offered.includes(version));
  if (common !== undefined) return common;
  const theirs = offered.length === 0 ? "none" : offered.slice(0, 5).map(shown).join(", ");
  throw new StreamRefused(
    "no_common_version",
    `the node speaks ${theirs}; this control plane speaks ${API_VERSIONS.join(", ")}`,
  );
}

function identityProblems(hello: Hello__Output): readonly string[] {
  const { node, cluster, service, symbol, version, platform, incarnation } = hello;
  const identifier = "expected 1 to 253 letters, digits, ., _ and -";
  return [
    ...(IDENTIFIER.test(node) ? [] : [`node ${shown(node)}: ${identifier}`]),
    ...(DNS_LABEL.test(cluster) ? [] : [`cluster ${shown(cluster)}: expected up to 63 of a-z, 0-9 and -`]),
    ...(IDENTIFIER.test(service) ? [] : [`service ${shown(service)}: ${identifier}`]),
    ...(symbol === "" || IDENTIFIER.test(symbol) ? [] : [`symbol ${shown(symbol)}: ${identifier}`]),
    ...[["version", version] as const, ["platform", platform] as const]
      .filter(([, word]) => word.length > LONGEST_WORD || !VISIBLE.test(word))
      .map(([key, word]) => `${key} ${shown(word)}: expected at most ${LONGEST_WORD} visible characters`),
    ...(incarnation.length > LONGEST_INCARNATION || !VISIBLE.test(incarnation)
      ? [`incarnation ${shown(incarnation)}: expected at most ${LONGEST_INCARNATION} visible characters`]
      : []),
  ];
}

function labelProblems(labels: Hello__Output["labels"]): readonly string[] {
  const entries = Object.entries(labels);
  if (entries.length > MOST_LABELS) return [`labels: ${entries.length}, of at most ${MOST_LABELS}`];
  return entries
    .filter(([key, value]) => !IDENTIFIER.test(key) || value.length > LONGEST_LABEL || !VISIBLE.test(value))
    .map(
      ([key]) =>
        `label ${shown(key)}: expected letters, digits, ., _ and - and a value of at most ` +
        `${LONGEST_LABEL} visible characters`,
    );
}

function contentProblems({ staged, inForce }: Hello__Output): readonly string[] {
  if (staged.length > MOST_STAGED) return [`staged: ${staged.length} packages, of at most ${MOST_STAGED}`];
  const wrong = staged.find(
    ({ plugin, version, digest }) => !DNS_LABEL.test(plugin) || !isVersion(version) || !DIGEST.test(digest),
  );
  return [
    ...(wrong === undefined ? [] : [`staged: ${shown(wrong.plugin)} has no name, version or sha256 digest`]),
    ...inForce
      .filter(({ type, hash }) => resourceTypeOf(type) !== undefined && !DIGEST.test(hash))
      .map(({ hash }) => `in_force: ${shown(hash)} is no sha256, hex`),
  ];
}

/** Of a plugin, as a node may say it. */
export function isVersion(version: string): boolean {
  return version.length > 0 && version.length <= LONGEST_WORD && VISIBLE.test(version);
}

/** Types that are not known here are another release's business. */
function hashesInForce({ inForce }: Hello__Output): Introduction["inForce"] {
  const hashes: Partial<Record<ResourceType, string>> = {};
  for (const { type, hash } of inForce) {
    const known = resourceTypeOf(type);
    if (known !== undefined) hashes[known] = hash;
  }
  return hashes;
}

function stagedPackages({
  staged,
}: Hello__Output): readonly Pick<NodePackage, "plugin" | "version" | "digest">[] {
  return staged.map(({ plugin, version, digest }) => ({ plugin, version, digest }));
}

/** Quoted and short, whatever it holds. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
