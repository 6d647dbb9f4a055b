import { expect, test } from "vitest";
import { HeaderBlock } from "../../core/headers/header-block.ts";
import { begin, chainOf, entryFor, outcomeAt, startChain } from "../../test/support/chain-fixtures.ts";
import { block, failure, rewrite, ScriptedGeneration } from "../../test/support/scripted-runtime.ts";

const degrade = { mode: "degrade" } as const;

test("a degraded plugin is asked when the response is on its way, with what it would have seen, without effect", () => {
  const before = new ScriptedGeneration("before", { script: () => rewrite("x-a", "1") });
  const shadow = new ScriptedGeneration("shadow", { script: () => block(403) });
  const after = new ScriptedGeneration("after", { script: () => rewrite("x-a", "2") });
  using fixture = startChain(chainOf(entryFor(before), entryFor(shadow, degrade), entryFor(after)));
  const pass = begin(fixture.chain);
  expect(outcomeAt(pass, 0)).toMatchObject({ kind: "continue", edits: [{ values: ["2"] }] });
  let askedBefore = -1;
  pass.run(1, HeaderBlock.empty, 200, () => (askedBefore = shadow.runner.calls.length));
  expect(askedBefore).toBe(0);
  expect(shadow.runner.shown).toMatchObject([
    { background: true, message: { position: 0 }, edits: [{ name: "x-a", values: ["1"] }] },
    { background: true, message: { position: 1, status: 200 }, edits: [{ values: ["1"] }] },
  ]);
  expect(fixture.observer.records.filter(({ background }) => background)).toMatchObject([
    { target: { plugin: "shadow" }, position: 0, verdict: { kind: "block" }, policy: undefined },
    { target: { plugin: "shadow" }, position: 1, verdict: { kind: "block" }, policy: undefined },
  ]);
});

test("a degraded plugin does not part the round trip of its neighbours, and alone costs none", () => {
  const [a, c] = [new ScriptedGeneration("a"), new ScriptedGeneration("c")];
  const shadow = new ScriptedGeneration("shadow");
  Object.assign(c, { runner: a.runner });
  using fixture = startChain(chainOf(entryFor(a), entryFor(shadow, degrade), entryFor(c)));
  outcomeAt(begin(fixture.chain));
  expect(fixture.observer.roundTrips).toEqual([2]);
  fixture.chain.swap(chainOf(entryFor(shadow, degrade)));
  expect(outcomeAt(begin(fixture.chain))).toEqual({ kind: "continue", edits: [], skipped: [] });
  expect(fixture.observer.roundTrips).toEqual([2]);
});

test("what the chain never reached is not asked in the background either", () => {
  const early = new ScriptedGeneration("early");
  const guard = new ScriptedGeneration("guard", { script: () => block(401) });
  const late = new ScriptedGeneration("late");
  using fixture = startChain(chainOf(entryFor(early, degrade), entryFor(guard), entryFor(late, degrade)));
  const pass = begin(fixture.chain);
  outcomeAt(pass);
  expect(early.runner.calls).toHaveLength(1);
  expect(late.runner.calls).toHaveLength(0);
});

test("when too much runs in the background the rest is dropped and counted, and traffic never notices", () => {
  const shadow = new ScriptedGeneration("shadow", { positions: [0] });
  shadow.runner.held = true;
  using fixture = startChain(chainOf(entryFor(shadow, degrade)), { backgroundLimit: 2 });
  for (let i = 0; i < 5; i++) {
    const pass = begin(fixture.chain);
    expect(outcomeAt(pass)).toMatchObject({ kind: "continue" });
    pass.end();
  }
  expect(shadow.runner.waiting).toBe(2);
  expect(fixture.observer.drops).toEqual(["shadow", "shadow", "shadow"]);
  shadow.runner.answer();
  const pass = begin(fixture.chain);
  outcomeAt(pass);
  pass.end();
  expect(shadow.runner.waiting).toBe(1);
});

test("the generation stays held until its background question is answered", () => {
  const shadow = new ScriptedGeneration("shadow", { positions: [0] });
  shadow.runner.held = true;
  using fixture = startChain(chainOf(entryFor(shadow, degrade)));
  const pass = begin(fixture.chain);
  outcomeAt(pass);
  pass.end();
  fixture.chain.swap(chainOf());
  expect(shadow.holders).toBe(1);
  shadow.runner.answer();
  expect(shadow.holders).toBe(0);
});

test("a degraded plugin that overruns is tripped too: it is recorded, not asked, and probed", () => {
  const shadow = new ScriptedGeneration("shadow", { positions: [0], script: () => failure("cpu") });
  using fixture = startChain(chainOf(entryFor(shadow, degrade)));
  for (let i = 0; i < 2; i++) {
    const pass = begin(fixture.chain);
    expect(outcomeAt(pass)).toEqual({ kind: "continue", edits: [], skipped: [] });
    pass.end();
    fixture.clock.advance(1_000);
  }
  expect(shadow.runner.calls).toHaveLength(1);
  expect(fixture.observer.records).toMatchObject([
    { verdict: { cause: "cpu" } },
    { verdict: { cause: "tripped" } },
  ]);
  expect(shadow.probes).toHaveLength(1);
});

test("a client that leaves in mid-chain leaves its notes to the background", () => {
  const shadow = new ScriptedGeneration("shadow");
  const slow = new ScriptedGeneration("slow");
  const quick = new ScriptedGeneration("quick");
  slow.runner.held = true;
  using fixture = startChain(chainOf(entryFor(quick), entryFor(shadow, degrade), entryFor(slow)));
  const pass = begin(fixture.chain);
  pass.run(0, HeaderBlock.empty, 0, () => expect.unreachable());
  pass.end();
  expect(shadow.runner.calls).toHaveLength(1);
});
