import { HeaderBlock } from "../../core/headers/header-block.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import type { ChainOutcome, ChainPass, PluginRecord, RequestFacts } from "../../sidecar/chain/chain.ts";
import { CurrentChain } from "../../sidecar/chain/current-chain.ts";
import type { ChainEntry, ChainSpec } from "../../sidecar/chain/entry.ts";
import type { BreakerState, ChainObserver } from "../../sidecar/chain/observer.ts";
import type { Position } from "../../sidecar/chain/verdict.ts";
import type { ScriptedGeneration } from "./scripted-runtime.ts";

/** A GET of `/orders` from 10.0.0.1, but for what a test says otherwise. */
export function requestFacts(
  overrides: Partial<Omit<RequestFacts, "headers">> & { readonly headers?: readonly string[] } = {},
): RequestFacts {
  const { headers = [], ...rest } = overrides;
  const path = rest.path ?? "/orders";
  return {
    id: 1,
    bizStartAt: 1_767_225_600_000,
    method: "GET",
    host: "app.local",
    remoteIp: "10.0.0.1",
    path,
    normalisedPath: path,
    unresolvedPath: undefined,
    query: "",
    ...rest,
    headers: HeaderBlock.fromFlat(headers),
  };
}

/** An enforcing entry with policy `closed` that matches everything, but for what a test says otherwise. */
export function entryFor(generation: ScriptedGeneration, overrides: Partial<ChainEntry> = {}): ChainEntry {
  return {
    plugin: generation.plugin,
    version: generation.version,
    mode: "enforce",
    tag: "",
    failurePolicy: "closed",
    timeout: 50,
    match: undefined,
    load: { kind: "loaded", generation },
    ...overrides,
  };
}

export function chainOf(...entries: readonly ChainEntry[]): ChainSpec {
  return { entries, deadlines: [200, 200] };
}

/** Keeps what a chain reported. */
export class RecordingObserver implements ChainObserver {
  readonly records: PluginRecord[] = [];
  readonly roundTrips: number[] = [];
  readonly handOvers: string[] = [];
  readonly drops: string[] = [];
  readonly breakerChanges: BreakerState[] = [];

  asked(record: PluginRecord): void {
    this.records.push(record);
  }
  roundTrip(_position: Position, plugins: number): void {
    this.roundTrips.push(plugins);
  }
  handedOver(plugin: string): void {
    this.handOvers.push(plugin);
  }
  dropped(plugin: string): void {
    this.drops.push(plugin);
  }
  breakerChanged(_target: unknown, state: BreakerState): void {
    this.breakerChanges.push(state);
  }
}

/** A chain in force with a clock and an observer of its own. */
export interface ChainFixture extends Disposable {
  readonly chain: CurrentChain;
  readonly clock: ManualClock;
  readonly observer: RecordingObserver;
}

export function startChain(spec: ChainSpec, options: { backgroundLimit?: number } = {}): ChainFixture {
  const clock = new ManualClock();
  const observer = new RecordingObserver();
  const chain = new CurrentChain({ clock, observer, random: () => 0, ...options });
  chain.swap(spec);
  return { chain, clock, observer, [Symbol.dispose]: () => chain[Symbol.dispose]() };
}

/** Begins an exchange that some entry must apply to. */
export function begin(chain: CurrentChain, facts: RequestFacts = requestFacts()): ChainPass {
  const pass = chain.begin(facts);
  if (pass === undefined) throw new Error("no entry applied");
  return pass;
}

/** The outcome of a position whose plugins answer at once; undefined while somebody keeps it waiting. */
export function outcomeAt(pass: ChainPass, position: Position = 0): ChainOutcome | undefined {
  let outcome: ChainOutcome | undefined;
  pass.run(position, HeaderBlock.empty, position === 0 ? 0 : 200, (result) => {
    if (outcome !== undefined) throw new Error("done was called twice");
    outcome = result;
  });
  return outcome;
}
