import type { DocumentEntry } from "../../core/chain-document/chain-document.ts";
import type { ChainEntry, EntryLoad } from "../chain/entry.ts";
import type { Generation } from "../chain/generation.ts";
import type { FailurePolicy, Position } from "../chain/verdict.ts";
import type { Prepared } from "../plugins/generation-registry.ts";
import type { LoadState, PluginLoad } from "./apply-result.ts";
import type { ReadyEntry, Resolution } from "./resolve-entry.ts";

/** An entry of the new chain and how its plugin was loaded. */
export interface LoadedChainEntry {
  readonly entry: ChainEntry;
  readonly load: PluginLoad;
}

/** Why an entry has not what was configured; undefined where it has. */
type Shortfall = Pick<PluginLoad, "cause" | "detail">;

const NO_SHORTFALL: Shortfall = { cause: undefined, detail: undefined };

/** A plugin about which nothing is known must not be passed by: it may be the one that guards. */
const POLICY_OF_UNKNOWN: FailurePolicy = "closed";
/** Nobody knows the positions of such a plugin: the request's is where a guard would stand. */
const POSITIONS_OF_UNKNOWN: readonly Position[] = [0];

const NOT_PREPARED: Prepared = {
  kind: "failed",
  cause: "not_loaded",
  detail: "the registry did not prepare it",
  previous: undefined,
};

/**
 * The entries of a new chain from what was resolved and prepared. Each plugin succeeded or failed alone: what failed
 * keeps its earlier generation, which for what could not even be resolved is that of `before`.
 */
export function chainEntries(
  entries: readonly DocumentEntry[],
  resolutions: readonly Resolution[],
  prepared: ReadonlyMap<string, Prepared>,
  before: ReadonlyMap<string, ChainEntry>,
): readonly LoadedChainEntry[] {
  return entries.map((entry, index): LoadedChainEntry => {
    const resolution = resolutions[index] ?? { kind: "off" };
    if (resolution.kind === "off") return unloaded(entry, "off", [], NO_SHORTFALL);
    if (resolution.kind === "ready")
      return resolved(entry, resolution, prepared.get(entry.plugin) ?? NOT_PREPARED);
    const shortfall = {
      cause: "not_loaded",
      detail: resolution.problems.map(({ message }) => message).join("; "),
    } as const;
    const previous = before.get(entry.plugin);
    return previous?.load.kind === "loaded"
      ? unresolved(entry, previous, previous.load.generation, shortfall)
      : unloaded(entry, "failed", POSITIONS_OF_UNKNOWN, shortfall);
  });
}

/** What was prepared, but for plugins that somebody else's word keeps from it: these go on as in `before`. */
export function withheldFrom(
  prepared: ReadonlyMap<string, Prepared>,
  withheld: ReadonlyMap<string, string>,
  before: ReadonlyMap<string, ChainEntry>,
): ReadonlyMap<string, Prepared> {
  return new Map(
    Array.from(prepared, ([plugin, outcome]): readonly [string, Prepared] => {
      const detail = withheld.get(plugin);
      if (detail === undefined || outcome.kind === "failed") return [plugin, outcome];
      const load = before.get(plugin)?.load;
      const previous = load?.kind === "loaded" ? load.generation : undefined;
      return [plugin, { kind: "failed", cause: "not_loaded", detail, previous }];
    }),
  );
}

function resolved(entry: DocumentEntry, ready: ReadyEntry, prepared: Prepared): LoadedChainEntry {
  const { failurePolicy, timeout, positions } = ready;
  const settled = { failurePolicy, timeout };
  if (prepared.kind === "ready") {
    return loaded(entry, settled, prepared.generation, "serving", NO_SHORTFALL);
  }
  const { cause, detail, previous } = prepared;
  if (previous !== undefined) return loaded(entry, settled, previous, "kept", { cause, detail });
  const load: EntryLoad = { kind: "failed", cause, positions };
  const { version } = ready.spec.package.manifest;
  return {
    entry: { ...identityOf(entry), ...settled, version, load },
    load: { plugin: entry.plugin, state: "failed", version: undefined, digest: undefined, cause, detail },
  };
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
  const { version, digest } = generation;
  return {
    entry: { ...identityOf(entry), ...settled, version, load: { kind: "loaded", generation } },
    load: { plugin: entry.plugin, state, version, digest, ...shortfall },
  };
}

function unloaded(
  entry: DocumentEntry,
  state: LoadState,
  positions: readonly Position[],
  shortfall: Shortfall,
): LoadedChainEntry {
  const { plugin, version = "", failurePolicy = POLICY_OF_UNKNOWN, timeout = 0 } = entry;
  const cause = "not_loaded";
  return {
    entry: {
      ...identityOf(entry),
      version,
      failurePolicy,
      timeout,
      load: { kind: "failed", cause, positions },
    },
    load: { plugin, state, version: undefined, digest: undefined, ...shortfall },
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
