import { setImmediate } from "node:timers/promises";

import type { status as Status } from "@grpc/grpc-js";

import { ManualClock } from "../../core/manual-clock.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { StatusReport } from "../../proto/gen/mesh/v1/StatusReport.ts";
import { TestControlPlane } from "./control-plane.ts";
import { parseExposition } from "./exposition.ts";
import { TestNode } from "./test-node.ts";

/** It changes nothing, and is confirmed. */
const CERTAIN: StatusReport = { sequence: 7_777, complete: false, plugins: [], kind: "INVENTORY" };
const WORD = /^[\x21-\x7e]*$/;

/** A control plane that knows node-1, which says anything, and a node of better manners. */
export class FuzzedControlPlane implements AsyncDisposable {
  /** Plugins or packages that were kept of node-1 at a time. */
  mostKept = 0;
  readonly #plane: TestControlPlane;
  readonly #clock: ManualClock;
  readonly #tokens: ReadonlyMap<string, string>;

  private constructor(plane: TestControlPlane, clock: ManualClock, tokens: ReadonlyMap<string, string>) {
    this.#plane = plane;
    this.#clock = clock;
    this.#tokens = tokens;
  }

  static async start(): Promise<FuzzedControlPlane> {
    const clock = new ManualClock();
    const plane = await (await TestControlPlane.start({ clock })).withClusters();
    const scope = { kind: "cluster", cluster: "demo" } as const;
    const tokens = new Map<string, string>();
    for (const id of ["node-1", "good"]) tokens.set(id, await plane.token("node", scope, id));
    return new FuzzedControlPlane(plane, clock, tokens);
  }

  /**
   * node-1 says all of it, and a minute passes. The status that ended its stream, or undefined where it was heard to
   * the end.
   */
  async hear(messages: readonly NodeMessage[]): Promise<Status | undefined> {
    await using node = this.#open();
    const outcome = await this.#converse(node, messages);
    await node[Symbol.asyncDispose]();
    await this.#pass();
    return outcome;
  }

  /**
   * As `hear`, for bytes. `over`: the control plane ended the stream; whether the client of a gRPC that was sent
   * something unreadable is told its status is the library's business, and it is not always.
   */
  async hearBytes(messages: readonly Buffer[]): Promise<Status | "over" | undefined> {
    const { reports } = this.#plane.controlPlane;
    const over = Promise.withResolvers<"over">();
    let connected = false;
    using _ = reports.onChange((id) => {
      if (id !== "node-1") return;
      const now = reports.get(id)?.report.connected === true;
      if (connected && !now) over.resolve("over");
      connected = now;
    });
    await using node = this.#open();
    const outcome = await Promise.race([this.#converse(node, messages), over.promise]);
    await node[Symbol.asyncDispose]();
    await this.#pass();
    return outcome;
  }

  /** What is kept of node-1 and should not be; empty: all of it is bounded, and fit to be shown. */
  async problems(): Promise<readonly string[]> {
    const { items } = await this.#plane.admin.call("listNodes");
    const strangers = items.filter(({ id }) => id !== "node-1" && id !== "good");
    const node = items.find(({ id }) => id === "node-1");
    if (node === undefined) return strangers.map(({ id }) => `node ${id}`);
    const { plugins, packages, resources } = node;
    this.mostKept = Math.max(this.mostKept, plugins.length, packages.length);
    const words = [...plugins, ...packages].flatMap(({ plugin, version, digest }) => [
      plugin,
      version,
      digest,
    ]);
    const texts = [...plugins.map(({ error }) => error), ...packages.map(({ detail }) => detail)];
    const refusals = Object.values(resources).map(({ nacked }) => nacked?.problems.length ?? 0);
    const size = JSON.stringify(node).length;
    return [
      ...strangers.map(({ id }) => `node ${id}`),
      ...(size > 3_000_000 ? [`${size} characters`] : []),
      ...(this.mostKept > 500 ? [`${this.mostKept} plugins or packages`] : []),
      ...words.filter((word) => !WORD.test(word)).map((word) => `the word ${JSON.stringify(word)}`),
      ...texts.filter(({ length }) => length > 1_000).map(({ length }) => `a text of ${length} characters`),
      ...refusals.filter((count) => count > 20).map((count) => `a refusal with ${count} problems`),
    ];
  }

  /** Others are served as ever, and what is kept and counted can be read; throws otherwise. */
  async serveOthers(): Promise<void> {
    await using good = TestNode.greet(this.#plane.ports.push, "good", { token: this.#tokens.get("good") });
    await good.next("welcome");
    await good.report(true);
    await this.#plane.admin.call("listAlarms");
    parseExposition(this.#plane.controlPlane.registry.expose());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plane[Symbol.asyncDispose]();
  }

  #open(): TestNode {
    return TestNode.open(this.#plane.ports.push, "node-1", { token: this.#tokens.get("node-1") });
  }

  /** A minute passes, in which the stream that was is over. */
  async #pass(): Promise<void> {
    const { reports } = this.#plane.controlPlane;
    while (reports.get("node-1")?.report.connected === true) await setImmediate();
    this.#clock.advance(60_000);
  }

  async #converse(node: TestNode, messages: readonly (NodeMessage | Buffer)[]): Promise<Status | undefined> {
    for (const message of messages) node.send(message);
    node.send({ status: CERTAIN });
    for (;;) {
      const heard = await node.next("confirmation").catch(() => undefined);
      if (heard === undefined) return (await node.ended()).code;
      if (heard.sequence === CERTAIN.sequence) return undefined;
    }
  }
}
