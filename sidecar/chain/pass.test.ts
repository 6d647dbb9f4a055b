import { expect, test } from "vitest";
import { HeaderBlock } from "../../core/headers/header-block.ts";
import { begin, chainOf, entryFor, outcomeAt, startChain } from "../../test/support/chain-fixtures.ts";
import {
  block,
  failure,
  rewrite,
  ScriptedGeneration,
  ScriptedRunner,
} from "../../test/support/scripted-runtime.ts";

test("plugins that share a runner are asked in one round trip per position, others apart", () => {
  const isolates = new ScriptedRunner();
  const a = new ScriptedGeneration("a", { runner: isolates });
  const b = new ScriptedGeneration("b", { runner: isolates });
  const remote = new ScriptedGeneration("remote");
  const c = new ScriptedGeneration("c", { runner: isolates });
  using fixture = startChain(chainOf(entryFor(a), entryFor(b), entryFor(remote), entryFor(c)));

  const pass = begin(fixture.chain);
  outcomeAt(pass, 0);
  expect(fixture.observer.roundTrips).toEqual([2, 1, 1]);
  outcomeAt(pass, 1);
  expect(fixture.observer.roundTrips).toEqual([2, 1, 1, 2, 1, 1]);
  pass.end();
});

test("a plugin is asked only at the positions that it names", () => {
  const request = new ScriptedGeneration("request", { positions: [0] });
  const response = new ScriptedGeneration("response", { positions: [1] });
  using fixture = startChain(chainOf(entryFor(request), entryFor(response)));

  const pass = begin(fixture.chain);
  outcomeAt(pass, 0);
  expect(response.runner.calls).toHaveLength(0);
  outcomeAt(pass, 1);
  expect(request.runner.calls).toHaveLength(1);
  expect(response.runner.calls[0]?.message).toMatchObject({ position: 1, status: 200 });
  pass.end();
});

test("each plugin sees what those before it changed, and the outcome holds all changes", () => {
  const first = new ScriptedGeneration("first", { script: () => rewrite("X-A", "1") });
  const second = new ScriptedGeneration("second", { script: () => rewrite("x-a", "2", "3") });
  const third = new ScriptedGeneration("third", { script: () => rewrite("x-b") });
  using fixture = startChain(chainOf(entryFor(first), entryFor(second), entryFor(third)));

  const outcome = outcomeAt(begin(fixture.chain));
  expect(third.runner.shown[0]?.edits).toEqual([{ name: "x-a", values: ["2", "3"] }]);
  const edits = [
    { name: "x-a", values: ["2", "3"] },
    { name: "x-b", values: [] },
  ];
  expect(outcome).toEqual({ kind: "continue", edits, skipped: [] });
});

test("the response position starts without the changes of the request position", () => {
  const tagger = new ScriptedGeneration("tagger", {
    script: ({ position }) => (position === 0 ? rewrite("x-a", "1") : rewrite("x-b", "2")),
  });
  using fixture = startChain(chainOf(entryFor(tagger)));
  const pass = begin(fixture.chain);
  outcomeAt(pass, 0);
  expect(outcomeAt(pass, 1)).toMatchObject({ edits: [{ name: "x-b", values: ["2"] }] });
});

test("a block ends the chain with the plugin's answer", () => {
  const guard = new ScriptedGeneration("guard", { script: () => block(401) });
  const behind = new ScriptedGeneration("behind");
  using fixture = startChain(chainOf(entryFor(guard), entryFor(behind)));
  expect(outcomeAt(begin(fixture.chain))).toMatchObject({
    kind: "block",
    plugin: "guard",
    answer: { status: 401 },
  });
  expect(behind.runner.calls).toHaveLength(0);
});

test("policy open goes on and marks what was skipped, policy closed refuses", () => {
  const loose = new ScriptedGeneration("loose", { script: () => failure("timeout") });
  const strict = new ScriptedGeneration("strict", { script: () => failure("throw") });
  const behind = new ScriptedGeneration("behind");
  using open = startChain(chainOf(entryFor(loose, { failurePolicy: "open" }), entryFor(behind)));
  using closed = startChain(chainOf(entryFor(strict), entryFor(behind)));

  expect(outcomeAt(begin(open.chain))).toEqual({ kind: "continue", edits: [], skipped: ["loose;timeout"] });
  expect(behind.runner.calls).toHaveLength(1);
  expect(outcomeAt(begin(closed.chain))).toEqual({ kind: "refuse", plugin: "strict", cause: "throw" });
  expect(behind.runner.calls).toHaveLength(1);
});

test("a plugin that was never loaded is answered for by its policy, in its place of the chain", () => {
  const before = new ScriptedGeneration("before", { script: () => block(401) });
  const lost = entryFor(new ScriptedGeneration("lost"), {
    load: { kind: "failed", cause: "not_loaded", positions: [0] },
  });
  using fixture = startChain(chainOf(entryFor(before), lost));
  expect(outcomeAt(begin(fixture.chain))).toMatchObject({ kind: "block", plugin: "before" });
  before.script = () => rewrite("x-a", "1");
  expect(outcomeAt(begin(fixture.chain))).toEqual({ kind: "refuse", plugin: "lost", cause: "not_loaded" });
});

test("a plugin that its runtime cannot ask just now is not asked, and its neighbours still share a round trip", () => {
  const runner = new ScriptedRunner();
  const [a, b, c] = ["a", "b", "c"].map((name) => new ScriptedGeneration(name, { runner }));
  if (a === undefined || b === undefined || c === undefined) throw new Error("unreachable");
  using fixture = startChain(chainOf(entryFor(a), entryFor(b, { failurePolicy: "open" }), entryFor(c)));
  b.fault = "suspended";
  expect(outcomeAt(begin(fixture.chain))).toEqual({ kind: "continue", edits: [], skipped: ["b;suspended"] });
  expect(fixture.observer.roundTrips).toEqual([2]);
  b.fault = undefined;
  expect(outcomeAt(begin(fixture.chain))).toMatchObject({ skipped: [] });
  expect(fixture.observer.roundTrips).toEqual([2, 3]);
});

test("what stands behind the chain's deadline is not asked: its policy answers", () => {
  const slow = new ScriptedGeneration("slow");
  slow.runner.held = true;
  const late = new ScriptedGeneration("late");
  using fixture = startChain(chainOf(entryFor(slow), entryFor(late)));
  let outcome;
  begin(fixture.chain).run(0, HeaderBlock.empty, 0, (result) => (outcome = result));
  expect(slow.runner.calls[0]?.deadline).toBe(200);
  fixture.clock.advance(200);
  slow.runner.answer();
  expect(outcome).toEqual({ kind: "refuse", plugin: "late", cause: "chain_deadline" });
  expect(late.runner.calls).toHaveLength(0);
});

test("a runtime that forgets a plugin does not let the request pass by it", () => {
  const guard = new ScriptedGeneration("guard");
  guard.runner.run = (_call, done) => {
    done([]);
    return { cancel: () => {} };
  };
  using fixture = startChain(chainOf(entryFor(guard)));
  expect(outcomeAt(begin(fixture.chain))).toEqual({
    kind: "refuse",
    plugin: "guard",
    cause: "invalid_answer",
  });
});

test("the end of an exchange cancels what is under way, and nothing is reported any more", () => {
  const slow = new ScriptedGeneration("slow");
  slow.runner.held = true;
  using fixture = startChain(chainOf(entryFor(slow)));
  const pass = begin(fixture.chain);
  pass.run(0, HeaderBlock.empty, 0, () => expect.unreachable());
  pass.end();
  pass.end();
  expect(slow.runner.cancelled).toBe(1);
  expect(fixture.observer.records).toEqual([]);
});

test("an answer that crosses the end of the exchange changes nothing", () => {
  const slow = new ScriptedGeneration("slow", { script: () => failure("cpu") });
  let answer: (() => void) | undefined;
  slow.runner.run = (_call, done) => {
    answer = () => done([{ verdict: failure("cpu"), micros: 1 }]);
    return { cancel: () => {} };
  };
  using fixture = startChain(chainOf(entryFor(slow)));
  const pass = begin(fixture.chain);
  pass.run(0, HeaderBlock.empty, 0, () => expect.unreachable());
  pass.end();
  answer?.();
  expect(fixture.observer.records).toEqual([]);
  expect(fixture.observer.breakerChanges).toEqual([]);
});

test("the second segment can be cancelled although the first one answered within its call", () => {
  const quick = new ScriptedGeneration("quick");
  const slow = new ScriptedGeneration("slow");
  slow.runner.held = true;
  using fixture = startChain(chainOf(entryFor(quick), entryFor(slow)));
  const pass = begin(fixture.chain);
  pass.run(0, HeaderBlock.empty, 0, () => expect.unreachable());
  pass.end();
  expect(slow.runner.cancelled).toBe(1);
});

test("records tell what each plugin did and which policy stood in", () => {
  const loose = new ScriptedGeneration("loose", { script: () => failure("throw"), positions: [0] });
  const guard = new ScriptedGeneration("guard", { script: () => block(403), positions: [0] });
  using fixture = startChain(chainOf(entryFor(loose, { failurePolicy: "open" }), entryFor(guard)));
  const pass = begin(fixture.chain);
  outcomeAt(pass);
  expect(pass.records).toMatchObject([
    { target: { plugin: "loose" }, position: 0, verdict: { kind: "failed" }, policy: "open", micros: 7 },
    { target: { plugin: "guard" }, verdict: { kind: "block" }, policy: undefined, background: false },
  ]);
  expect(fixture.observer.records).toEqual(pass.records);
});

test("a tripped plugin is stood in for, probed with real traffic, and asked again when the probe succeeds", () => {
  const flaky = new ScriptedGeneration("flaky", { script: () => failure("cpu"), positions: [0] });
  using fixture = startChain(chainOf(entryFor(flaky, { failurePolicy: "open" })));
  outcomeAt(begin(fixture.chain));
  flaky.script = () => rewrite("x-a", "1");

  expect(outcomeAt(begin(fixture.chain))).toMatchObject({ skipped: ["flaky;tripped"] });
  expect(flaky.probes).toHaveLength(0);
  fixture.clock.advance(1_000);
  expect(outcomeAt(begin(fixture.chain))).toMatchObject({ edits: [], skipped: ["flaky;tripped"] });
  expect(flaky.probes).toHaveLength(1);
  expect(flaky.probes[0]?.call).toMatchObject({ background: true, message: { path: "/orders" } });

  flaky.probes[0]?.done({ verdict: block(500), micros: 1 });
  expect(outcomeAt(begin(fixture.chain))).toMatchObject({ edits: [{ name: "x-a" }], skipped: [] });
  expect(fixture.observer.breakerChanges).toEqual(["tripped", "probing", "admitting"]);
});
