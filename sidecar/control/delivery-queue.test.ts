import * as fc from "fast-check";
import { expect, test } from "vitest";

import { contentHash } from "../../core/content-hash.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { Resource__Output } from "../../proto/gen/mesh/v1/Resource.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import type { Delivered, Verdict } from "./node-resources.ts";

let nonces = 0;

function resource(
  type: Resource__Output["type"],
  value: unknown,
  more: Partial<Resource__Output> = {},
): Resource__Output {
  const content = Buffer.from(JSON.stringify(value));
  return {
    type,
    nonce: `n${++nonces}`,
    hash: contentHash(value),
    tick: 1,
    tombstone: false,
    again: [],
    content,
    ...more,
  };
}

const TOO_LONG = { where: "", key: "chain[1].config", message: "x".repeat(5_000) };

/** A queue over resources that are taken when the test says so; `refuse` refuses them all. */
function setUp({ refuse = false, held = false, problems = [TOO_LONG] } = {}) {
  const taken: Delivered[] = [];
  const answers: NodeMessage[] = [];
  const told: string[] = [];
  let open = Promise.withResolvers<void>();
  if (!held) open.resolve();
  const verdict: Verdict = refuse ? { kind: "refused", problems } : { kind: "taken" };
  const queue = new DeliveryQueue(
    {
      take: async (delivered) => {
        taken.push(delivered);
        await open.promise;
        return verdict;
      },
    },
    { taken: (name) => told.push(name), refused: (name) => told.push(`not ${name}`) },
  );
  const answer = (message: NodeMessage): void => void answers.push(message);
  return { queue, taken, answers, told, answer, release: () => open.resolve() };
}

test("resources are taken one after another in make-before-break order, and each is answered once", async () => {
  const { queue, taken, answers, told, answer, release } = setUp({ held: true });
  const first = resource("CHAIN", { a: 1 });
  queue.deliver(first, answer);
  const later = [resource("CHAIN", {}), resource("ROUTE", {}), resource("STAGE", {})];
  for (const each of later) queue.deliver(each, answer);
  release();
  await queue.idle();

  expect(taken.map(({ name }) => name)).toEqual(["chain", "stage", "route", "chain"]);
  expect(told).toEqual(["chain", "stage", "route", "chain"]);
  expect(answers.map(({ ack }) => ack?.nonce)).toEqual(
    [first, later[2], later[1], later[0]].map((each) => each?.nonce),
  );
});

test("what waits and is replaced is stale: it is neither taken nor answered", async () => {
  const { queue, taken, answers, answer, release } = setUp({ held: true });
  queue.deliver(resource("ROUTE", { round: 0 }), answer);
  for (const round of [1, 2, 3]) queue.deliver(resource("ROUTE", { round }), answer);
  release();
  await queue.idle();
  expect(taken.map(({ content }) => content)).toEqual([{ round: 0 }, { round: 3 }]);
  expect(answers).toHaveLength(2);
});

test("what a session left waiting when it ended is not begun", async () => {
  const { queue, taken, answer, release } = setUp({ held: true });
  queue.deliver(resource("STAGE", {}), answer);
  queue.deliver(resource("CHAIN", {}), answer);
  queue.clear();
  release();
  await queue.idle();
  expect(taken).toHaveLength(1);
});

test("a type that is not known is ignored", async () => {
  const { queue, taken, answers, answer } = setUp();
  queue.deliver(resource("RESOURCE_TYPE_UNSPECIFIED", {}), answer);
  await queue.idle();
  expect([taken, answers]).toEqual([[], []]);
});

test("a refusal names the plugin of the entry, and problems are cut to what the contract allows", async () => {
  const { queue, answers, answer } = setUp({ refuse: true });
  queue.deliver(resource("CHAIN", { entries: [{}, { plugin: "guard" }] }), answer);
  await queue.idle();
  expect(answers).toMatchObject([
    { nack: { problems: [{ key: "chain[1].config", plugin: "guard", message: "x".repeat(1_000) }] } },
  ]);
});

test("of many problems with an entry twenty are sent, and how many more it has, as its plugin's", async () => {
  const problems = Array.from({ length: 500 }, (_, index) => {
    return { where: "", key: `chain[1].config.k${index}`, message: "unknown key" };
  });
  const { queue, answers, answer } = setUp({ refuse: true, problems });
  queue.deliver(resource("CHAIN", { entries: [{}, { plugin: "guard" }] }), answer);
  await queue.idle();
  expect(answers[0]?.nack?.problems).toHaveLength(21);
  expect(answers[0]?.nack?.problems?.at(-1)).toEqual({
    key: "chain[1].config",
    message: "and 480 more",
    plugin: "guard",
  });
});

test("whatever bytes and hash come, there is exactly one answer, with the nonce and hash that came", async () => {
  const arbitrary = fc.record({
    type: fc.constantFrom("STAGE" as const, "ROUTE" as const, "CHAIN" as const),
    content: fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
    ),
    hash: fc.string(),
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async (more) => {
      const { queue, answers, answer } = setUp({ refuse: true });
      const sent = resource(more.type, {}, more);
      queue.deliver(sent, answer);
      await queue.idle();
      expect(answers).toHaveLength(1);
      expect(answers[0]?.nack).toMatchObject({ type: sent.type, nonce: sent.nonce, hash: sent.hash });
    }),
    { numRuns: 200 },
  );
});
