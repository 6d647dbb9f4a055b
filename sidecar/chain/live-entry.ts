import type { Breaker } from "./breaker.ts";
import type { ChainEntry } from "./entry.ts";
import type { Generation } from "./generation.ts";
import { compileMatch, type Matcher } from "./match.ts";
import type { Ask, AskTarget } from "./runner.ts";
import type { FailureCause, Position } from "./verdict.ts";

/** What every entry of a composed chain has, made once so that no request makes it. */
interface EntryInForce {
  readonly entry: ChainEntry;
  readonly target: AskTarget;
  readonly positions: readonly Position[];
  /** Undefined: every request. */
  readonly matches: Matcher | undefined;
}

/** An entry that can be asked, as far as composing could tell. */
export interface LoadedEntry extends EntryInForce {
  readonly kind: "loaded";
  readonly generation: Generation;
  readonly breaker: Breaker;
  readonly ask: Ask;
}

/** An entry without a generation: its policy answers. */
export interface UnloadedEntry extends EntryInForce {
  readonly kind: "unloaded";
  readonly cause: FailureCause;
}

export type LiveEntry = LoadedEntry | UnloadedEntry;

/** `breakerOf` gives the same breaker for the same generation, in whichever chain it is. */
export function liveEntry(entry: ChainEntry, breakerOf: (generation: Generation) => Breaker): LiveEntry {
  const matches = entry.match === undefined ? undefined : compileMatch(entry.match, `chain/${entry.plugin}/`);
  if (entry.load.kind === "failed") {
    const target = { plugin: entry.plugin, version: entry.version, generation: 0 };
    const { cause, positions } = entry.load;
    return { kind: "unloaded", entry, target, positions, matches, cause };
  }
  const { generation } = entry.load;
  const { tag, failurePolicy, timeout } = entry;
  return {
    kind: "loaded",
    entry,
    target: generation,
    positions: generation.positions,
    matches,
    generation,
    breaker: breakerOf(generation),
    ask: { target: generation, tag, failurePolicy, timeout },
  };
}

/** Why a loaded entry cannot be asked right now, or undefined. */
export function obstacle({ generation, breaker }: LoadedEntry): FailureCause | undefined {
  return generation.fault ?? (breaker.admitting ? undefined : "tripped");
}
