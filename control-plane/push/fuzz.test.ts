import { status as Status } from "@grpc/grpc-js";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { FuzzedControlPlane } from "../../test/support/fuzzed-control-plane.ts";
import { boundless, conversation, damagedConversation } from "../../test/support/node-messages.ts";

/** Undefined: heard to the end. The rest is what a node can be told that says something without sense, or too much. */
const OUTCOMES: readonly (Status | undefined)[] = [
  undefined,
  Status.INVALID_ARGUMENT,
  Status.PERMISSION_DENIED,
  Status.FAILED_PRECONDITION,
  Status.RESOURCE_EXHAUSTED,
  Status.UNAVAILABLE,
];
/** Of bytes that are no message: gRPC's own word. */
const UNREADABLE = Status.INTERNAL;

test("whatever a node says is heard or refused with a reason, and what is kept of it is bounded", async () => {
  await using fuzzed = await FuzzedControlPlane.start();
  let heardToTheEnd = 0;
  const property = fc.asyncProperty(conversation, async (messages) => {
    const outcome = await fuzzed.hear(messages);
    if (outcome === undefined) heardToTheEnd++;
    expect(OUTCOMES).toContain(outcome);
    expect(await fuzzed.problems()).toEqual([]);
  });
  await fc.assert(property, { numRuns: 100, examples: [[boundless]] });
  expect(heardToTheEnd).toBeGreaterThan(20);
  expect(fuzzed.mostKept).toBe(500);
  await fuzzed.serveOthers();
}, 60_000);

test("bytes that are damaged end their own stream at most", async () => {
  await using fuzzed = await FuzzedControlPlane.start();
  const outcomes = new Set<Status | "over" | undefined>();
  const property = fc.asyncProperty(damagedConversation, async (messages) => {
    outcomes.add(await fuzzed.hearBytes(messages));
    expect(await fuzzed.problems()).toEqual([]);
  });
  await fc.assert(property, { numRuns: 150 });
  const allowed = [...OUTCOMES, UNREADABLE, "over"];
  expect([...outcomes].filter((each) => !allowed.includes(each))).toEqual([]);
  expect(outcomes.size).toBeGreaterThan(2);
  await fuzzed.serveOthers();
}, 60_000);
