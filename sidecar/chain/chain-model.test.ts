import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ENTRY_MODES, type EntryMode } from "../../core/chain-document/chain-document.ts";
import { FAILURE_POLICIES } from "../../core/failure-policy.ts";
import { mergeEdits, NO_EDITS, type HeaderEdits } from "../../core/headers/header-edits.ts";
import { entryFor, outcomeAt, requestFacts, startChain } from "../../test/support/chain-fixtures.ts";
import {
  block,
  failure,
  rewrite,
  ScriptedGeneration,
  ScriptedRunner,
} from "../../test/support/scripted-runtime.ts";
import type { ChainOutcome } from "./chain.ts";
import type { ChainEntry } from "./entry.ts";
import {
  ALLOW,
  FAILURE_CAUSES,
  POSITIONS,
  type FailurePolicy,
  type Position,
  type Verdict,
} from "./verdict.ts";

/** A plugin of a generated chain. What cannot be asked has `fault`, and what did not load is `lost`. */
interface Part {
  readonly name: string;
  readonly runner: number;
  readonly mode: EntryMode;
  readonly policy: FailurePolicy;
  readonly positions: readonly Position[];
  readonly fault: boolean;
  readonly lost: boolean;
  readonly verdicts: readonly [Verdict, Verdict];
}

/** All that can be seen of one exchange from outside. */
interface Transcript {
  readonly outcomes: readonly ChainOutcome[];
  /** What enforcing plugins were shown. */
  readonly asked: readonly string[];
  /** What degraded plugins were shown once the exchange was over. */
  readonly shadowed: readonly string[];
}

const someVerdict: fc.Arbitrary<Verdict> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(ALLOW) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom("x-a", "X-A", "x-b"), fc.array(fc.constantFrom("1", "2")))
      .map(([name, values]) => rewrite(name, ...values)),
  },
  { weight: 1, arbitrary: fc.constantFrom(200, 401, 599).map(block) },
  { weight: 2, arbitrary: fc.constantFrom(...FAILURE_CAUSES).map(failure) },
);
const rarely = fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0);
const someChain = fc
  .array(
    fc.record({
      runner: fc.integer({ min: 0, max: 2 }),
      mode: fc.constantFrom("enforce", ...ENTRY_MODES),
      policy: fc.constantFrom("open", ...FAILURE_POLICIES),
      positions: fc.subarray<Position>([0, 1]),
      fault: rarely,
      lost: rarely,
      verdicts: fc.tuple(someVerdict, someVerdict),
    }),
    { maxLength: 8 },
  )
  .map((drawn) => drawn.map((part, index): Part => ({ ...part, name: `p${index}` })));

const shown = ({ name }: { name: string }, position: Position, edits: HeaderEdits): string =>
  `${name} at ${position}: ${JSON.stringify(edits)}`;

/** What docs/request-life.md says of plugins, in a straight line: one plugin after another, nothing grouped, nothing prepared. */
class Model {
  readonly outcomes: ChainOutcome[] = [];
  readonly asked: string[] = [];
  readonly shadowed: string[] = [];
  readonly #tripped = new Set<string>();

  constructor(parts: readonly Part[]) {
    const notes: [Part, Position, HeaderEdits][] = [];
    for (const position of POSITIONS) {
      if (this.outcomes.some(({ kind }) => kind !== "continue")) break;
      this.outcomes.push(
        this.#outcome(parts, position, (part, edits) => notes.push([part, position, edits])),
      );
    }
    for (const [part, position, edits] of notes) {
      if (part.lost || part.fault || this.#tripped.has(part.name)) continue;
      this.shadowed.push(shown(part, position, edits));
      this.#verdict(part, position);
    }
  }

  #outcome(
    parts: readonly Part[],
    position: Position,
    note: (part: Part, edits: HeaderEdits) => void,
  ): ChainOutcome {
    let edits = NO_EDITS;
    const skipped: string[] = [];
    for (const part of parts) {
      if (part.mode === "off" || !part.positions.includes(position)) continue;
      if (part.mode === "degrade") {
        note(part, edits);
        continue;
      }
      if (!part.lost && !part.fault && !this.#tripped.has(part.name))
        this.asked.push(shown(part, position, edits));
      const verdict = this.#verdict(part, position);
      if (verdict.kind === "block") return { kind: "block", plugin: part.name, answer: verdict.answer };
      if (verdict.kind === "rewrite") edits = mergeEdits(edits, verdict.edits);
      if (verdict.kind !== "failed") continue;
      if (part.policy === "closed") return { kind: "refuse", plugin: part.name, cause: verdict.cause };
      skipped.push(`${part.name};${verdict.cause}`);
    }
    return { kind: "continue", edits, skipped };
  }

  #verdict({ name, lost, fault, verdicts }: Part, position: Position): Verdict {
    if (lost) return failure("not_loaded");
    if (fault) return failure("suspended");
    if (this.#tripped.has(name)) return failure("tripped");
    const verdict = verdicts[position];
    if (verdict.kind === "failed" && verdict.cause === "cpu") this.#tripped.add(name);
    return verdict;
  }
}

function entriesOf(parts: readonly Part[], runners: readonly ScriptedRunner[]): ChainEntry[] {
  return parts.map(({ name, mode, policy, positions, fault, lost, verdicts, ...part }) => {
    const runner = runners[part.runner] ?? new ScriptedRunner();
    const script = ({ position }: { position: Position }): Verdict => verdicts[position];
    const generation = new ScriptedGeneration(name, { positions, runner, script });
    if (fault) generation.fault = "suspended";
    const entry = entryFor(generation, { mode, failurePolicy: policy });
    return lost ? { ...entry, load: { kind: "failed", cause: "not_loaded", positions } } : entry;
  });
}

/** What the real chain does with one exchange, and with a swap's worth of bookkeeping after it. */
function play(parts: readonly Part[]): Transcript & { readonly holders: number } {
  const runners = Array.from({ length: 3 }, () => new ScriptedRunner());
  const entries = entriesOf(parts, runners);
  const fixture = startChain({ entries, deadlines: [200, 200] });
  const outcomes: ChainOutcome[] = [];
  const pass = fixture.chain.begin(requestFacts());
  for (const position of POSITIONS) {
    if (outcomes.some(({ kind }) => kind !== "continue")) break;
    const outcome = pass === undefined ? undefined : outcomeAt(pass, position);
    outcomes.push(outcome ?? { kind: "continue", edits: [], skipped: [] });
  }
  pass?.end();
  const all = runners.flatMap((runner) => runner.shown);
  const linesOf = (background: boolean): string[] =>
    all
      .filter((seen) => seen.background === background)
      .map(({ target, message, edits }) => shown({ name: target.plugin }, message.position, edits));
  fixture[Symbol.dispose]();
  const holders = entries.map(({ load }) => (load.kind === "loaded" ? load.generation : undefined));
  return {
    outcomes,
    asked: linesOf(false),
    shadowed: linesOf(true),
    holders: holders.reduce((sum, held) => sum + holdersOf(held), 0),
  };
}

const holdersOf = (held: unknown): number => (held instanceof ScriptedGeneration ? held.holders : 0);

test("any chain does what one plugin after another would do, and lets everything go in the end", () => {
  fc.assert(
    fc.property(someChain, (parts) => {
      const real = play(parts);
      const model = new Model(parts);
      expect(real.outcomes).toEqual(model.outcomes);
      expect([...real.asked].sort()).toEqual([...model.asked].sort());
      expect([...real.shadowed].sort()).toEqual([...model.shadowed].sort());
      expect(real.holders).toBe(0);
    }),
    { numRuns: 3_000 },
  );
});

test("round trips are as few as consecutive runners allow", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 12 }), (sequence) => {
      const runners = Array.from({ length: 3 }, () => new ScriptedRunner());
      const entries = sequence.map((index, place) => {
        const runner = runners[index] ?? new ScriptedRunner();
        return entryFor(new ScriptedGeneration(`p${place}`, { runner }));
      });
      using fixture = startChain({ entries, deadlines: [200, 200] });
      const pass = fixture.chain.begin(requestFacts());
      if (pass !== undefined) outcomeAt(pass);
      const changes = sequence.filter((runner, index) => index > 0 && runner !== sequence[index - 1]);
      expect(fixture.observer.roundTrips).toHaveLength(changes.length + 1);
    }),
  );
});
