import { setImmediate } from "node:timers/promises";

import { status as Status } from "@grpc/grpc-js";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { StatusReport } from "../../proto/gen/mesh/v1/StatusReport.ts";
import { TestControlPlane } from "../../test/support/control-plane.ts";
import { parseExposition } from "../../test/support/exposition.ts";
import { conversation, damagedConversation } from "../../test/support/node-messages.ts";
import { TestNode } from "../../test/support/test-node.ts";

/** What a node can be told that says something without sense, or too much of it. */
const REFUSALS: readonly Status[] = [
  Status.INVALID_ARGUMENT,
  Status.PERMISSION_DENIED,
  Status.FAILED_PRECONDITION,
  Status.RESOURCE_EXHAUSTED,
  Status.UNAVAILABLE,
];
/** Of bytes that are no message: gRPC's own word. */
const UNREADABLE = Status.INTERNAL;
/** It changes nothing, and is confirmed. */
const CERTAIN: StatusReport = { sequence: 7_777, complete: false, plugins: [], kind: "INVENTORY" };
const WORD = /^[\x21-\x7e]*$/;

/** A control plane that knows node-1 and a node of better manners. */
class Fuzzed implements AsyncDisposable {
  readonly plane: TestControlPlane;
  readonly clock: ManualClock;
  /** Plugins or packages that were kept of it at a time. */
  mostKept = 0;
  readonly #tokens: ReadonlyMap<string, string>;

  private constructor(plane: TestControlPlane, clock: ManualClock, tokens: ReadonlyMap<string, string>) {
    this.plane = plane;
    this.clock = clock;
    this.#tokens = tokens;
  }

  static async start(): Promise<Fuzzed> {
    const clock = new ManualClock();
    const plane = await (await TestControlPlane.start({ clock })).withClusters();
    const scope = { kind: "cluster", cluster: "demo" } as const;
    const tokens = new Map<string, string>();
    for (const id of ["node-1", "good"]) tokens.set(id, await plane.token("node", scope, id));
    return new Fuzzed(plane, clock, tokens);
  }

  /** Says all of it; the status that ended the stream, or undefined where the node was heard to the end. */
  async hear(messages: readonly (NodeMessage | Buffer)[]): Promise<Status | undefined> {
    await using node = TestNode.open(this.plane.ports.push, "node-1", { token: this.#tokens.get("node-1") });
    for (const message of messages) node.send(message);
    node.send({ status: CERTAIN });
    for (;;) {
      const heard = await node.next("confirmation").catch(() => undefined);
      if (heard === undefined) return (await node.ended()).code;
      if (heard.sequence === CERTAIN.sequence) return undefined;
    }
  }

  /** A minute passes, in which the stream that was is over. */
  async pass(): Promise<void> {
    const { reports } = this.plane.controlPlane;
    while (reports.get("node-1")?.report.connected === true) await setImmediate();
    this.clock.advance(60_000);
  }

  /** What is kept of node-1 is bounded, and fit to be shown. */
  async expectSane(): Promise<void> {
    const { items } = await this.plane.admin.call("listNodes");
    expect(items.map(({ id }) => id).filter((id) => id !== "node-1" && id !== "good")).toEqual([]);
    const [node] = items.filter(({ id }) => id === "node-1");
    if (node === undefined) return;
    expect(JSON.stringify(node).length).toBeLessThan(3_000_000);
    this.mostKept = Math.max(this.mostKept, node.plugins.length, node.packages.length);
    expect(node.plugins.length).toBeLessThanOrEqual(500);
    expect(node.packages.length).toBeLessThanOrEqual(500);
    for (const { plugin, version, digest } of [...node.plugins, ...node.packages])
      for (const text of [plugin, version, digest]) expect(text).toMatch(WORD);
    for (const { error } of node.plugins) expect(error.length).toBeLessThanOrEqual(1_000);
    for (const { detail } of node.packages) expect(detail.length).toBeLessThanOrEqual(1_000);
    for (const { nacked } of Object.values(node.resources))
      expect(nacked?.problems.length ?? 0).toBeLessThanOrEqual(20);
  }

  /** Others are served as ever, and what is kept and counted can be read. */
  async expectService(): Promise<void> {
    await using good = TestNode.greet(this.plane.ports.push, "good", { token: this.#tokens.get("good") });
    await good.next("welcome");
    expect(await good.report(true)).toBe(false);
    await this.plane.admin.call("listAlarms");
    parseExposition(this.plane.controlPlane.registry.expose());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plane[Symbol.asyncDispose]();
  }
}

test("whatever a node says is heard or refused with a reason, and what is kept of it is bounded", async () => {
  await using fuzzed = await Fuzzed.start();
  let heardToTheEnd = 0;
  const property = fc.asyncProperty(conversation, async (messages) => {
    const outcome = await fuzzed.hear(messages);
    if (outcome === undefined) heardToTheEnd++;
    else expect(REFUSALS).toContain(outcome);
    await fuzzed.pass();
    await fuzzed.expectSane();
  });
  await fc.assert(property, { numRuns: 100 });
  expect(heardToTheEnd).toBeGreaterThan(20);
  expect(fuzzed.mostKept).toBe(500);
  await fuzzed.expectService();
}, 90_000);

test("bytes that are damaged end their own stream at most", async () => {
  await using fuzzed = await Fuzzed.start();
  const property = fc.asyncProperty(damagedConversation, async (messages) => {
    const outcome = await fuzzed.hear(messages);
    if (outcome !== undefined) expect([...REFUSALS, UNREADABLE]).toContain(outcome);
    await fuzzed.pass();
    await fuzzed.expectSane();
  });
  await fc.assert(property, { numRuns: 150 });
  await fuzzed.expectService();
}, 90_000);
