import { expect, test } from "vitest";
import { HeaderBlock } from "../../core/headers/header-block.ts";
import {
  begin,
  chainOf,
  entryFor,
  outcomeAt,
  requestFacts,
  startChain,
} from "../../test/support/chain-fixtures.ts";
import { GenerationHold } from "./generation-hold.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { block, failure, rewrite, ScriptedGeneration } from "../../test/support/scripted-runtime.ts";
import type { Position } from "./verdict.ts";

/** Whoever asks it sees that it was asked. */
function blocking(plugin: string, positions: readonly Position[] = [0, 1]): ScriptedGeneration {
  return new ScriptedGeneration(plugin, { positions, script: () => block(403) });
}

test("a chain without entries, or with all of them off, is empty", () => {
  using fixture = startChain(chainOf());
  expect(fixture.chain.empty).toBe(true);
  expect(fixture.chain.begin(requestFacts())).toBeUndefined();
  const generation = new ScriptedGeneration("a");
  fixture.chain.swap(chainOf(entryFor(generation, { mode: "off" })));
  expect(fixture.chain.empty).toBe(true);
  expect(generation.holders).toBe(0);
  fixture.chain.swap(chainOf(entryFor(generation)));
  expect(fixture.chain.empty).toBe(false);
});

test("an exchange goes on with the generation it began with, which stays held until then", () => {
  const old = new ScriptedGeneration("tag", { script: () => rewrite("x-v", "old") });
  const young = new ScriptedGeneration("tag", { script: () => rewrite("x-v", "new") });
  using fixture = startChain(chainOf(entryFor(old)));
  const pass = begin(fixture.chain);
  outcomeAt(pass, 0);
  fixture.chain.swap(chainOf(entryFor(young)));

  expect(outcomeAt(pass, 1)).toMatchObject({ edits: [{ name: "x-v", values: ["old"] }] });
  expect(outcomeAt(begin(fixture.chain))).toMatchObject({ edits: [{ name: "x-v", values: ["new"] }] });
  expect([old.holders, young.holders]).toEqual([0, 1]);
});

test.each([0, 1] as const)("when position %i is waited for the generation stays held", (position) => {
  const old = new ScriptedGeneration("tag");
  using fixture = startChain(chainOf(entryFor(old)));
  const pass = begin(fixture.chain);
  if (position === 1) outcomeAt(pass, 0);
  old.runner.held = true;
  outcomeAt(pass, position);
  fixture.chain.swap(chainOf());
  expect(old.holders).toBe(1);
  pass.end();
  expect(old.holders).toBe(0);
});

test("a stream whose head went through the chain holds no generation, and neither does a blocked request", () => {
  const generation = new ScriptedGeneration("tag");
  using fixture = startChain(chainOf(entryFor(generation)));
  const stream = begin(fixture.chain);
  outcomeAt(stream, 0);
  outcomeAt(stream, 1);
  generation.script = () => block(403);
  outcomeAt(begin(fixture.chain));
  fixture.chain.swap(chainOf());
  expect(generation.holders).toBe(0);
  stream.end();
  expect(generation.holders).toBe(0);
});

test("a generation in both chains is never let go in between", () => {
  const kept = new ScriptedGeneration("kept");
  let lowest = 1;
  const release = kept.release.bind(kept);
  kept.release = () => {
    release();
    lowest = Math.min(lowest, kept.holders);
  };
  using fixture = startChain(chainOf(entryFor(kept)));
  fixture.chain.swap(chainOf(entryFor(kept)));
  expect(kept.holders).toBe(1);
  expect(lowest).toBe(1);
});

test("after the generation drain a lasting exchange no longer holds its generation, and is handed over", () => {
  const old = new ScriptedGeneration("tag");
  const young = new ScriptedGeneration("tag", { script: () => rewrite("x-v", "new") });
  using fixture = startChain(chainOf(entryFor(old)));
  const pass = begin(fixture.chain);
  outcomeAt(pass, 0);
  fixture.chain.swap(chainOf(entryFor(young)));
  fixture.clock.advance(29_999);
  expect(old.holders).toBe(1);
  fixture.clock.advance(1);
  expect(old.holders).toBe(0);

  old.expired = true;
  expect(outcomeAt(pass, 1)).toMatchObject({ kind: "continue", edits: [{ values: ["new"] }], skipped: [] });
  expect(fixture.observer.handOvers).toEqual(["tag"]);
  pass.end();
  expect([old.holders, young.holders]).toEqual([0, 1]);
  expect(fixture.clock.pending).toBe(0);
});

test.each([
  ["names the request position only", entryFor(blocking("tag", [0]))],
  ["is off", entryFor(blocking("tag"), { mode: "off" })],
  ["is degraded", entryFor(blocking("tag"), { mode: "degrade" })],
  ["is another plugin", entryFor(blocking("other"))],
])("an expired generation is skipped where the current entry %s", (_case, current) => {
  const old = new ScriptedGeneration("tag");
  using fixture = startChain(chainOf(entryFor(old)));
  const pass = begin(fixture.chain);
  outcomeAt(pass, 0);
  fixture.chain.swap(chainOf(current));
  old.expired = true;
  expect(outcomeAt(pass, 1)).toEqual({ kind: "continue", edits: [], skipped: [] });
  expect(fixture.observer.handOvers).toEqual(["tag"]);
  pass.end();
});

test("an expired generation whose successor failed to load is answered for by the current policy", () => {
  const old = new ScriptedGeneration("tag");
  using fixture = startChain(chainOf(entryFor(old, { failurePolicy: "open" })));
  const pass = begin(fixture.chain);
  outcomeAt(pass, 0);
  const load = { kind: "failed", cause: "not_loaded", positions: [0, 1] } as const;
  fixture.chain.swap(chainOf(entryFor(old, { load })));
  old.expired = true;
  expect(outcomeAt(pass, 1)).toEqual({ kind: "refuse", plugin: "tag", cause: "not_loaded" });
  pass.end();
});

test("a breaker stays with its generation when the chain is swapped, and a new generation starts anew", () => {
  const bad = new ScriptedGeneration("flaky", { script: () => failure("cpu") });
  const open = { failurePolicy: "open" } as const;
  using fixture = startChain(chainOf(entryFor(bad, open)));
  outcomeAt(begin(fixture.chain));
  fixture.chain.swap(chainOf(entryFor(bad, { ...open, tag: "blue" })));
  expect(outcomeAt(begin(fixture.chain))).toMatchObject({ skipped: ["flaky;tripped"] });
  fixture.chain.swap(chainOf(entryFor(new ScriptedGeneration("flaky"), open)));
  expect(outcomeAt(begin(fixture.chain))).toMatchObject({ skipped: [] });
});

test("the status says which entries cannot answer, and which of them refuse traffic", () => {
  const tripped = new ScriptedGeneration("tripped", { script: () => failure("cpu") });
  const suspended = new ScriptedGeneration("suspended");
  suspended.fault = "suspended";
  const load = { kind: "failed", cause: "not_loaded", positions: [0] } as const;
  const lost = entryFor(new ScriptedGeneration("lost"), { load });
  using fixture = startChain(
    chainOf(
      entryFor(tripped, { failurePolicy: "open" }),
      entryFor(suspended),
      entryFor(new ScriptedGeneration("fine")),
      { ...lost, mode: "degrade" },
    ),
  );
  outcomeAt(begin(fixture.chain));
  expect(fixture.chain.status).toMatchObject([
    { plugin: "tripped", obstacle: "tripped", ready: true },
    { plugin: "suspended", obstacle: "suspended", ready: false },
    { plugin: "fine", obstacle: undefined, ready: true, positions: ["request", "response"] },
    { plugin: "lost", obstacle: "not_loaded", ready: true, digest: undefined, generation: undefined },
  ]);
});

test("disposing lets the generations go; an exchange under way may still end", () => {
  const generation = new ScriptedGeneration("a");
  const fixture = startChain(chainOf(entryFor(generation)));
  const pass = begin(fixture.chain);
  fixture.chain[Symbol.dispose]();
  expect(generation.holders).toBe(1);
  pass.end();
  expect(generation.holders).toBe(0);
  expect(fixture.clock.pending).toBe(0);
});

test("superseding a chain twice gives its generations back once", () => {
  const generation = new ScriptedGeneration("a");
  const hold = new GenerationHold([generation], new ManualClock());
  hold.enter();
  hold.supersede();
  hold.supersede();
  hold.leave();
  expect(generation.holders).toBe(0);
});

test("a swap while a segment is under way changes nothing for it", () => {
  const old = new ScriptedGeneration("tag", { script: () => rewrite("x-v", "old") });
  old.runner.held = true;
  using fixture = startChain(chainOf(entryFor(old)));
  let outcome;
  begin(fixture.chain).run(0, HeaderBlock.empty, 0, (result) => (outcome = result));
  fixture.chain.swap(chainOf());
  old.runner.answer();
  expect(outcome).toMatchObject({ kind: "continue", edits: [{ values: ["old"] }] });
});
