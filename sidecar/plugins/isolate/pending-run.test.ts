import { assert, array, boolean, constantFrom, nat, property } from "fast-check";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { AskResult } from "../../chain/runner.ts";
import type { FailurePolicy } from "../../chain/verdict.ts";
import { PendingRun, type Sending } from "./pending-run.ts";

const message = {
  id: 1,
  position: 0,
  bizStartAt: 0,
  method: "GET",
  host: "",
  remoteIp: "",
  path: "/",
  query: "",
  status: 0,
  headers: HeaderBlock.empty,
} as const;
const allow: AskResult = { verdict: { kind: "allow" }, micros: 1 };
const block: AskResult = {
  verdict: { kind: "block", answer: { status: 403, headers: [], body: Buffer.alloc(0) } },
  micros: 1,
};

function runOf(policies: readonly FailurePolicy[]) {
  const answers: (readonly AskResult[])[] = [];
  const asks = policies.map((failurePolicy, generation) => ({
    target: { plugin: "p", version: "1.0.0", generation },
    tag: "",
    failurePolicy,
    timeout: 50,
  }));
  const call = { message, edits: [], asks, deadline: 0, background: false };
  const run = new PendingRun(call, (results) => void answers.push(results));
  const forgotten: number[] = [];
  const send = (id: number): Sending => {
    const carrier = { forget: (gone: number): void => void forgotten.push(gone) };
    const sending = { id, run, carrier, picked: run.picks(), presets: run.presets, sentAt: 0, budget: 0 };
    run.sendings.push(sending);
    return sending;
  };
  const words = (): string[] =>
    (answers[0] ?? []).map(({ verdict }) => (verdict.kind === "failed" ? verdict.cause : verdict.kind));
  return { run, send, answers, forgotten, words };
}

test("a known failure keeps its place among the answers of those that were asked", () => {
  const { run, send, words } = runOf(["open", "open", "open"]);
  run.preset(1, "crash", "");

  const sending = send(1);

  expect(sending.picked).toEqual([0, 2]);
  run.drop(sending);
  expect(run.answer(sending, [allow, block])).toBe(true);
  expect(words()).toEqual(["allow", "crash", "block"]);
});

test("behind a known failure with policy closed nobody is asked, and nothing at all if it is the first", () => {
  const later = runOf(["open", "closed", "open"]);
  later.run.preset(1, "crash", "");
  expect(later.run.picks()).toEqual([0]);

  const first = runOf(["closed", "open"]);
  first.run.preset(0, "suspended", "");
  expect(first.run.picks()).toEqual([]);
  first.run.finish();
  expect(first.words()).toEqual(["suspended"]);
});

test("a block before the known failure ends the segment before it", () => {
  const { run, send, words } = runOf(["open", "open"]);
  run.preset(1, "crash", "");
  const sending = send(1);

  run.drop(sending);
  run.answer(sending, [block]);

  expect(words()).toEqual(["block"]);
});

test("the first of two answers counts, the other way is given up", () => {
  const { run, send, answers, forgotten } = runOf(["open"]);
  const [slow, fast] = [send(1), send(2)];

  run.drop(fast);
  run.answer(fast, [block]);
  run.answer(slow, [allow]);

  expect(answers).toHaveLength(1);
  expect(forgotten).toEqual([1]);
});

test("an answer that does not fit what was asked is no answer", () => {
  const { run, send, answers } = runOf(["open", "open"]);

  expect(run.answer(send(1), [allow])).toBe(false);
  expect(answers).toEqual([]);
  expect(run.settled).toBe(false);
});

test("a cancelled run is given up everywhere and never answered", () => {
  const { run, send, answers, forgotten } = runOf(["open"]);
  const sending = send(7);

  run.cancel();
  run.answer(sending, [allow]);
  run.fail(() => "host_gone", "");

  expect(answers).toEqual([]);
  expect(forgotten).toEqual([7]);
});

test("whatever fails and whoever answers: done once, in order, ending at the first block or closed failure", () => {
  const policies = array(constantFrom<FailurePolicy>("open", "closed"), { minLength: 1, maxLength: 6 });
  const holds = property(
    policies,
    array(nat(5)),
    array(boolean(), { minLength: 6 }),
    (asked, lost, blocks) => {
      const { run, send, answers } = runOf(asked);
      for (const index of lost) if (index < asked.length) run.preset(index, "crash", "");
      const sending = send(1);
      run.drop(sending);
      const picked = sending.picked.map((index) => (blocks[index] === true ? block : allow));
      const end = picked.findIndex(({ verdict }) => verdict.kind === "block");
      if (picked.length === 0) run.finish();
      else run.answer(sending, end < 0 ? picked : picked.slice(0, end + 1));

      const [results = []] = answers;
      const ends = results.map(
        ({ verdict }, index) =>
          verdict.kind === "block" || (verdict.kind === "failed" && asked[index] === "closed"),
      );
      const last = ends.indexOf(true);
      return (
        answers.length === 1 && (last < 0 ? results.length === asked.length : last === results.length - 1)
      );
    },
  );
  expect(() => assert(holds, { numRuns: 2_000 })).not.toThrow();
});
