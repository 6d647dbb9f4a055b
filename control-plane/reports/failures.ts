import type { NodeFailure, NodePackage, NodePlugin } from "../model/node.ts";

/** Failures kept of one node; the oldest goes first. */
const MOST_FAILURES = 32;

type VersionName = Pick<NodeFailure, "plugin" | "version">;

/** What went wrong on a node after these went wrong too: of each version and phase the last time counts. */
export function withFailures(
  known: readonly NodeFailure[],
  failures: readonly NodeFailure[],
): readonly NodeFailure[] {
  if (failures.length === 0) return known;
  const last = new Map(known.map((failure) => [keyOf(failure), failure]));
  for (const failure of failures) {
    last.delete(keyOf(failure));
    last.set(keyOf(failure), failure);
  }
  return [...last.values()].slice(-MOST_FAILURES);
}

/** These versions got past a phase: the same array where nothing had gone wrong with them. */
export function withoutFailures(
  known: readonly NodeFailure[],
  versions: readonly VersionName[],
  during: NodeFailure["during"],
): readonly NodeFailure[] {
  const isOver = (failure: NodeFailure): boolean =>
    failure.during === during &&
    versions.some(({ plugin, version }) => plugin === failure.plugin && version === failure.version);
  return known.some(isOver) ? known.filter((failure) => !isOver(failure)) : known;
}

/**
 * What is new in a report on plugins: what runs now is forgotten, what fails now, or otherwise, is noted. That one of
 * `packages` is INVALID stays: it may run with another config than it should.
 */
export function afterPlugins(
  failures: readonly NodeFailure[],
  before: readonly NodePlugin[],
  now: readonly NodePlugin[],
  at: number,
  packages: readonly NodePackage[] = [],
): readonly NodeFailure[] {
  const said = new Set(before.map(wordsOf));
  const news = now.filter((plugin) => !said.has(wordsOf(plugin)));
  const runs = news.filter(({ status }) => status === "RUNNING");
  const isInvalid = ({ digest }: NodePlugin): boolean =>
    packages.some((item) => item.digest === digest && item.state === "INVALID");
  // What cannot be loaded is said to fail too: it never ran, and why is noted already.
  const isNoted = ({ plugin, version }: NodePlugin): boolean =>
    failures.some((each) => each.plugin === plugin && each.version === version && each.during === "download");
  const fails = news.filter(
    (plugin) => (plugin.status === "FAILED" && !isNoted(plugin)) || plugin.status === "QUARANTINED",
  );
  const noted = fails.map(({ plugin, version, status, error }): NodeFailure => {
    return { plugin, version, at, during: "run", what: error === "" ? `the plugin is ${status}` : error };
  });
  const loaded = runs.filter((plugin) => !isInvalid(plugin));
  const past = withoutFailures(withoutFailures(failures, runs, "activation"), runs, "run");
  return withFailures(withoutFailures(past, loaded, "download"), noted);
}

/** After a node said how a package stands. */
export function afterPackage(
  failures: readonly NodeFailure[],
  { plugin, version, state, detail }: NodePackage,
  at: number,
): readonly NodeFailure[] {
  if (state === "LOADABLE") return withoutFailures(failures, [{ plugin, version }], "download");
  if (state !== "INVALID") return failures;
  const what = detail === "" ? "the package cannot be loaded on this node" : detail;
  return withFailures(failures, [{ plugin, version, at, during: "download", what }]);
}

function keyOf({ plugin, version, during }: NodeFailure): string {
  return `${plugin}@${version} ${during}`;
}

function wordsOf({ plugin, version, digest, status, error }: NodePlugin): string {
  return JSON.stringify([plugin, version, digest, status, error]);
}
