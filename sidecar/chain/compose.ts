import { MAX_CHAIN_ENTRIES } from "../../core/chain-document/chain-document.ts";
import type { Breakers } from "./breakers.ts";
import type { ChainRuntime } from "./chain-runtime.ts";
import type { Chain, ChainPass, RequestFacts } from "./chain.ts";
import type { ChainSpec } from "./entry.ts";
import { GenerationHold } from "./generation-hold.ts";
import { GrayPlans } from "./gray-plans.ts";
import { liveEntry, type LiveEntry } from "./live-entry.ts";
import { Pass, type PassContext } from "./pass.ts";
import type { AskTarget } from "./runner.ts";
import { EMPTY_PLAN, Plans, type PlanSource } from "./plan.ts";

/** A chain made from one applied configuration. Immutable but for the count of exchanges that use it. */
export class ComposedChain implements Chain {
  readonly empty: boolean;
  /** All of them in order, those that are off included. */
  readonly entries: readonly LiveEntry[];
  readonly #byPlugin: ReadonlyMap<string, LiveEntry>;
  readonly #plans: PlanSource;
  readonly #hold: GenerationHold;
  readonly #context: PassContext;

  /** Acquires the generations; `supersede` gives them back. `generationDrain` in ms. */
  constructor(spec: ChainSpec, runtime: ChainRuntime, breakers: Breakers, generationDrain?: number) {
    if (spec.entries.length > MAX_CHAIN_ENTRIES)
      throw new RangeError(`a chain has at most ${MAX_CHAIN_ENTRIES} entries, not ${spec.entries.length}`);
    this.entries = spec.entries.map((entry) => liveEntry(entry, (generation) => breakers.of(generation)));
    this.#byPlugin = new Map(this.entries.map((live) => [live.entry.plugin, live]));
    const active = this.entries.filter(({ entry }) => entry.mode !== "off");
    this.empty = active.length === 0;
    this.#plans = active.some(({ gray }) => gray !== undefined) ? new GrayPlans(active) : new Plans(active);
    const generations = active
      .flatMap((live) => [live, ...(live.gray === undefined ? [] : [live.gray.live])])
      .flatMap((live) => (live.kind === "loaded" ? [live.generation] : []));
    this.#hold = new GenerationHold(generations, runtime.clock, generationDrain);
    this.#context = { runtime, hold: this.#hold, deadlines: spec.deadlines };
  }

  begin(facts: RequestFacts): ChainPass | undefined {
    const plan = this.#plans.for(facts);
    if (plan === EMPTY_PLAN) return undefined;
    this.#hold.enter();
    return new Pass(this.#context, plan, facts);
  }

  /** The entry of a plugin, for exchanges that began with an older chain: in this version where there are two. */
  entryOf({ plugin, version }: AskTarget): LiveEntry | undefined {
    const live = this.#byPlugin.get(plugin);
    return live?.gray?.live.target.version === version ? live.gray.live : live;
  }

  /** Exchanges that began with this chain and are not over. */
  get inFlight(): number {
    return this.#hold.inFlight;
  }

  /** Another chain is in force: gives the generations back as soon as no exchange needs them. */
  supersede(): void {
    this.#hold.supersede();
  }
}
