import type { DocumentEntry, DocumentGray } from "../../core/chain-document/chain-document.ts";
import { namedOf, type Problem } from "../../core/errors.ts";
import type { ChainEntry, EntryLoad, GrayEntry } from "../chain/entry.ts";
import type { Generation } from "../chain/generation.ts";
import type { FailureCause, FailurePolicy, Position } from "../chain/verdict.ts";
import type { GenerationSpec, Prepared } from "../plugins/generation-registry.ts";
import { partKey, type EntryPart, type LoadState, type PluginLoad } from "./apply-result.ts";
import type { EntryResolution, ReadyEntry, Resolution } from "./resolve-entry.ts";

/** An entry of the new chain and how each of its versions was loaded. */
export interface LoadedChainEntry {
  readonly entry: ChainEntry;
  readonly loads: readonly PluginLoad[];
}

/** Why an entry has not what was configured; undefined where it has. */
type Shortfall = Pick<PluginLoad, "cause" | "detail">;
type Failure = { readonly cause: FailureCause; readonly detail: string };

const NO_SHORTFALL: Shortfall = { cause: undefined, detail: undefined };

/** A plugin about which nothing is known must not be passed by: it may be the one that guards. */
const POLICY_OF_UNKNOWN: FailurePolicy = "closed";
/** Nobody knows the positions of such a plugin: the request's is where a guard would stand. */
const POSITIONS_OF_UNKNOWN: readonly Position[] = [0];

const NOT_PREPARED: Prepared = {
  kind: "failed",
  cause: "not_loaded",
  detail: "the registry did not prepare it",
};

/** What a new chain is made from. */
export interface EntrySources {
  readonly resolutions: readonly EntryResolution[];
  readonly prepared: ReadonlyMap<GenerationSpec, Prepared>;
  /** The entries in force, by plugin. */
  readonly before: ReadonlyMap<string, ChainEntry>;
  /** By `partKey`: what must not take what was prepared for it, and why. */
  readonly withheld: ReadonlyMap<string, string>;
}

/**
 * The entries of a new chain. Each plugin succeeded or failed alone: what failed keeps the generation of `before`. A
 * gray version keeps none: its share goes to the one beside it.
 */
export function chainEntries(
  entries: readonly DocumentEntry[],
  sources: EntrySources,
): readonly LoadedChainEntry[] {
  return entries.map((entry, index): LoadedChainEntry => {
    const { base, gray } = sources.resolutions[index] ?? { base: { kind: "off" }, gray: undefined };
    const loaded = loadedBase(entry, base, sources);
    if (entry.gray === undefined || gray === undefined || gray.kind === "off") return loaded;
    const { entry: grayEntry, load } = loadedGray(entry, entry.gray, gray, sources);
    return { entry: { ...loaded.entry, gray: grayEntry }, loads: [...loaded.loads, load] };
  });
}

function loadedBase(entry: DocumentEntry, resolution: Resolution, sources: EntrySources): LoadedChainEntry {
  if (resolution.kind === "off") return unloaded(entry, "off", [], NO_SHORTFALL);
  const previous = sources.before.get(entry.plugin);
  if (resolution.kind === "ready")
    return resolved(entry, resolution, preparedOf(resolution, "base", sources), previous);
  const shortfall = shortfallOf(resolution);
  return previous?.load.kind === "loaded" && resolution.kind !== "unavailable"
    ? unresolved(entry, previous, previous.load.generation, shortfall)
    : unloaded(entry, "failed", POSITIONS_OF_UNKNOWN, shortfall);
}

function loadedGray(
  entry: DocumentEntry,
  { version, percentage, salt }: DocumentGray,
  resolution: Exclude<Resolution, { readonly kind: "off" }>,
  sources: EntrySources,
): { readonly entry: GrayEntry; readonly load: PluginLoad } {
  const share = { version, percentage, salt };
  const report = { plugin: entry.plugin, part: "gray" } as const;
  const failed = (shortfall: Failure, terms: Pick<GrayEntry, "failurePolicy" | "timeout">) => ({
    entry: { ...share, ...terms, load: { kind: "failed", cause: shortfall.cause, positions: [] } } as const,
    load: { ...report, state: "failed", version: undefined, digest: undefined, ...shortfall } as const,
  });
  if (resolution.kind !== "ready")
    return failed(shortfallOf(resolution), { failurePolicy: POLICY_OF_UNKNOWN, timeout: 0 });
  const { failurePolicy, timeout } = resolution;
  const prepared = preparedOf(resolution, "gray", sources);
  if (prepared.kind === "failed") return failed(prepared, { failurePolicy, timeout });
  const { generation } = prepared;
  const { digest } = generation;
  return {
    entry: { ...share, failurePolicy, timeout, load: { kind: "loaded", generation } },
    load: { ...report, state: "serving", version, digest, ...NO_SHORTFALL },
  };
}

function shortfallOf({ problems }: { readonly problems: readonly Problem[] }): Failure {
  return {
    cause: "not_loaded",
    detail: namedOf(problems)
      .map(({ message }) => message)
      .join("; "),
  };
}

function preparedOf({ spec }: ReadyEntry, part: EntryPart, { prepared, withheld }: EntrySources): Prepared {
  const outcome = prepared.get(spec) ?? NOT_PREPARED;
  const detail = withheld.get(partKey(spec.package.manifest.name, part));
  if (detail === undefined || outcome.kind === "failed") return outcome;
  return { kind: "failed", cause: "not_loaded", detail };
}

function resolved(
  entry: DocumentEntry,
  ready: ReadyEntry,
  prepared: Prepared,
  before: ChainEntry | undefined,
): LoadedChainEntry {
  const { failurePolicy, timeout, positions } = ready;
  const settled = { failurePolicy, timeout };
  if (prepared.kind === "ready") return loaded(entry, settled, prepared.generation, "serving", NO_SHORTFALL);
  const { cause, detail } = prepared;
  if (before?.load.kind === "loaded")
    return loaded(entry, settled, before.load.generation, "kept", { cause, detail });
  const load: EntryLoad = { kind: "failed", cause, positions };
  const { version } = ready.spec.package.manifest;
  return {
    entry: { ...identityOf(entry), ...settled, version, load },
    loads: [loadOf(entry, "failed", undefined, { cause, detail })],
  };
}

function loadOf(
  { plugin }: DocumentEntry,
  state: LoadState,
  generation: Generation | undefined,
  shortfall: Shortfall,
): PluginLoad {
  const { version, digest } = generation ?? {};
  return { plugin, part: "base", state, version, digest, ...shortfall };
}

/** The generation of before goes on with the terms of before, where the entry does not state its own. */
function unresolved(
  entry: DocumentEntry,
  previous: ChainEntry,
  generation: Generation,
  shortfall: Shortfall,
): LoadedChainEntry {
  const failurePolicy = entry.failurePolicy ?? previous.failurePolicy;
  const timeout = entry.timeout ?? previous.timeout;
  return loaded(entry, { failurePolicy, timeout }, generation, "kept", shortfall);
}

function loaded(
  entry: DocumentEntry,
  settled: Pick<ChainEntry, "failurePolicy" | "timeout">,
  generation: Generation,
  state: LoadState,
  shortfall: Shortfall,
): LoadedChainEntry {
  const { version } = generation;
  return {
    entry: { ...identityOf(entry), ...settled, version, load: { kind: "loaded", generation } },
    loads: [loadOf(entry, state, generation, shortfall)],
  };
}

function unloaded(
  entry: DocumentEntry,
  state: LoadState,
  positions: readonly Position[],
  shortfall: Shortfall,
): LoadedChainEntry {
  const { version = "", failurePolicy = POLICY_OF_UNKNOWN, timeout = 0 } = entry;
  const cause = "not_loaded";
  return {
    entry: {
      ...identityOf(entry),
      version,
      failurePolicy,
      timeout,
      load: { kind: "failed", cause, positions },
    },
    loads: [loadOf(entry, state, undefined, shortfall)],
  };
}

function identityOf({
  plugin,
  mode,
  tag,
  match,
}: DocumentEntry): Pick<ChainEntry, "plugin" | "mode" | "tag" | "match"> {
  return { plugin, mode, tag, match };
}
