import * as fc from "fast-check";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../core/headers/header-block.ts";
import { chainOf, entryFor, requestFacts, startChain } from "../../test/support/chain-fixtures.ts";
import { block, failure, ScriptedGeneration, ScriptedRunner } from "../../test/support/scripted-runtime.ts";
import type { ChainOutcome, ChainPass } from "./chain.ts";
import { ALLOW, type Position, type Verdict } from "./verdict.ts";

/** One step of a life; `pick` chooses among the exchanges or generations that there are. */
interface Step {
  readonly kind: "begin" | "answer" | "end" | "reload" | "expire" | "advance";
  readonly pick: number;
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom<Step["kind"]>(
      "begin",
      "begin",
      "answer",
      "answer",
      "end",
      "reload",
      "expire",
      "advance",
    ),
    pick: fc.nat(20),
  }),
  { minLength: 5, maxLength: 60 },
);

/** An exchange as HTTP drives it: position 1 follows a `continue` of position 0. */
class Exchange {
  readonly outcomes: ChainOutcome[] = [];
  readonly #pass: ChainPass;
  #asked: Position = 0;
  ended = false;

  constructor(pass: ChainPass) {
    this.#pass = pass;
    this.#run(0);
  }

  end(): void {
    this.ended = true;
    this.#pass.end();
  }

  #run(position: Position): void {
    this.#asked = position;
    this.#pass.run(position, HeaderBlock.empty, 0, (outcome) => {
      if (this.ended) throw new Error("an outcome after the end");
      if (this.#asked !== position || this.outcomes.length !== position) throw new Error("done came twice");
      this.outcomes.push(outcome);
      if (position === 0 && outcome.kind === "continue") this.#run(1);
    });
  }
}

const VERDICTS: readonly Verdict[] = [ALLOW, ALLOW, ALLOW, failure("throw"), failure("cpu"), block(403)];

/** Plugins `a` (enforced) and `b` (degraded) whose runner answers when it is told to. */
class Life {
  readonly runner = new ScriptedRunner();
  readonly generations: ScriptedGeneration[] = [];
  readonly exchanges: Exchange[] = [];
  readonly fixture = startChain(chainOf());
  #verdict = 0;

  constructor() {
    this.runner.held = true;
    this.reload();
  }

  step({ kind, pick }: Step): void {
    if (kind === "begin") this.begin();
    else if (kind === "answer") this.runner.answer();
    else if (kind === "end") this.exchanges[pick % Math.max(1, this.exchanges.length)]?.end();
    else if (kind === "reload") this.reload();
    else if (kind === "advance") this.fixture.clock.advance(pick * 2_000);
    else this.#expire(pick);
  }

  begin(): void {
    const pass = this.fixture.chain.begin(requestFacts());
    if (pass !== undefined) this.exchanges.push(new Exchange(pass));
  }

  reload(): void {
    const script = (): Verdict => VERDICTS[this.#verdict++ % VERDICTS.length] ?? ALLOW;
    const [a, b] = ["a", "b"].map((name) => new ScriptedGeneration(name, { runner: this.runner, script }));
    if (a === undefined || b === undefined) return;
    this.generations.push(a, b);
    const open = { failurePolicy: "open" } as const;
    this.fixture.chain.swap(chainOf(entryFor(a, open), entryFor(b, { ...open, mode: "degrade" })));
  }

  /** Everybody ends, whatever waits is answered. */
  finish(): void {
    for (const exchange of this.exchanges) exchange.end();
    while (this.runner.waiting > 0) this.runner.answer();
    this.fixture[Symbol.dispose]();
  }

  /** As the registry does: never one that is in force. */
  #expire(pick: number): void {
    const old = this.generations.slice(0, -2);
    const generation = old[pick % Math.max(1, old.length)];
    if (generation !== undefined) generation.expired = true;
  }
}

test("whatever happens in whatever order, each position has one outcome and nothing is left behind", () => {
  fc.assert(
    fc.property(steps, (drawn) => {
      const life = new Life();
      for (const step of drawn) life.step(step);
      life.finish();
      expect(life.generations.filter(({ holders }) => holders !== 0)).toEqual([]);
      expect(life.fixture.clock.pending).toBe(0);
      // 64 may run in the background: a count that leaks would drop what comes later.
      expect(life.fixture.observer.drops).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test("an exchange that nobody ends early gets through, however often everything is reloaded meanwhile", () => {
  fc.assert(
    fc.property(steps, (drawn) => {
      const life = new Life();
      for (const step of drawn) if (step.kind !== "end") life.step(step);
      while (life.runner.waiting > 0) life.runner.answer();
      for (const { outcomes } of life.exchanges) {
        const blocked = outcomes.some(({ kind }) => kind === "block");
        expect(outcomes.length).toBe(blocked ? outcomes.length : 2);
        expect(outcomes.length).toBeGreaterThan(0);
        expect(outcomes.every(({ kind }) => kind !== "refuse")).toBe(true);
      }
      life.finish();
    }),
    { numRuns: 1_000 },
  );
});
