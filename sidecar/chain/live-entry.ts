import { EditsMerge } from "../../core/headers/header-edits.ts";
import type { Breaker } from "./breaker.ts";
import type { ChainEntry } from "./entry.ts";
import type { Generation } from "./generation.ts";
import { compileMatch, compileShare, type Matcher } from "./match.ts";
import type { Ask, AskTarget } from "./runner.ts";
import type { FailureCause, Position } from "./verdict.ts";

/** What every entry of a composed chain has, made once so that no request makes it. */
interface EntryInForce {
  readonly entry: ChainEntry;
  readonly target: AskTarget;
  readonly positions: readonly Position[];
  /** Undefined: every request. */
  readonly matches: Matcher | undefined;
  /** Undefined: one version has all of the traffic. */
  readonly gray: GrayShare | undefined;
  /** Of a gray version: who gets its share while it cannot answer. */
  readonly base: LiveEntry | undefined;
  /** A gray version whose share this one has got: probed with it, to find out whether it works again. */
  readonly probes: LoadedEntry | undefined;
  /** Puts what it changes on top of what was changed before it. */
  readonly merge: EditsMerge;
}

/** The version that has a share of an entry's traffic, and which share. */
export interface GrayShare {
  readonly live: LiveEntry;
  readonly percentage: number;
  readonly takes: Matcher;
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

type BreakerOf = (generation: Generation) => Breaker;

/** `breakerOf` gives the same breaker for the same generation, in whichever chain it is. */
export function liveEntry(entry: ChainEntry, breakerOf: BreakerOf): LiveEntry {
  const matches = entry.match === undefined ? undefined : compileMatch(entry.match, `chain/${entry.plugin}/`);
  const base = oneVersion(entry, matches, breakerOf);
  if (entry.gray === undefined) return base;
  const { version, failurePolicy, timeout, load, percentage, salt } = entry.gray;
  const grayEntry = { ...entry, version, failurePolicy, timeout, load, gray: undefined };
  const live = { ...oneVersion(grayEntry, matches, breakerOf), base };
  const takes = compileShare(percentage, entry.match?.bucketKey, salt);
  return { ...base, gray: { live, percentage, takes } };
}

function oneVersion(entry: ChainEntry, matches: Matcher | undefined, breakerOf: BreakerOf): LiveEntry {
  const merge = new EditsMerge();
  const common = { entry, matches, gray: undefined, base: undefined, probes: undefined, merge };
  if (entry.load.kind === "failed") {
    const target = { plugin: entry.plugin, version: entry.version, generation: 0 };
    const { cause, positions } = entry.load;
    return { ...common, kind: "unloaded", target, positions, cause };
  }
  const { generation } = entry.load;
  const { tag, failurePolicy, timeout } = entry;
  return {
    ...common,
    kind: "loaded",
    target: generation,
    positions: generation.positions,
    generation,
    breaker: breakerOf(generation),
    ask: { target: generation, tag, failurePolicy, timeout },
  };
}

/** Why a loaded entry cannot be asked right now, or undefined. */
export function obstacle({ generation, breaker }: LoadedEntry): FailureCause | undefined {
  return generation.fault ?? (breaker.admitting ? undefined : "tripped");
}

/** The same for any entry. */
export function obstacleOf(live: LiveEntry): FailureCause | undefined {
  return live.kind === "loaded" ? obstacle(live) : live.cause;
}
