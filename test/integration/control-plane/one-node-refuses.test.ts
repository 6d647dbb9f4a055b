import { expect, test } from "vitest";

import { taggerZip, type ControlledSidecar } from "../../support/controlled-sidecar.ts";
import { PacedTraffic } from "../../support/paced-traffic.ts";
import { manifestText, rawZip } from "../../support/plugin-packages.ts";
import { signatureOf, startWebhookReceiver, type WebhookReceiver } from "../../support/webhook-receiver.ts";
import { WEBHOOK_SECRET, WholeMesh } from "../../support/whole-mesh.ts";

// A package that every check of the upload lets through and that one node cannot load or put in force. Control plane,
// nodes and receiver are what they are in production; each node is a process of its own, under traffic all the time.

/** Throws when it starts where the file `table` says so, which no check before can know. */
const FAILS_AT_START = `export default {
  init({ config }) { if (config.table === "missing") throw new Error("no table here"); },
  execute: () => ({ headerSet: { "x-tag": "1.1.0" } }),
};`;
const FAILS_AT_LOAD = `throw new Error("boom at load");`;

/** A package of version 1.1.0 whose schema refuses what the file `table` of one node has in it. */
function choosyZip(): Buffer {
  const manifest = { name: "tagger", version: "1.1.0", positions: ["response"], failurePolicy: "open" };
  const script = `export default { execute: () => ({ headerSet: { "x-tag": "1.1.0" } }) };`;
  const table = { type: "string", pattern: "^here$" };
  return rawZip([
    { name: "tagger/plugin.yaml", content: manifestText(manifest) },
    { name: "tagger/bin/plugin.js", content: script },
    { name: "tagger/config.schema.json", content: JSON.stringify({ type: "object", properties: { table } }) },
  ]);
}

/** Two nodes that run 1.0.0, of which the second will fail, and how their traffic fares. */
class TwoNodes implements AsyncDisposable {
  readonly mesh: WholeMesh;
  readonly receiver: WebhookReceiver;
  readonly bad: ControlledSidecar;
  readonly #traffic: readonly PacedTraffic[];
  readonly #stack: AsyncDisposableStack;
  /** Tags of the answers of both, without repetitions. */
  readonly tags: readonly [Set<string>, Set<string>] = [new Set(), new Set()];

  private constructor(
    stack: AsyncDisposableStack,
    parts: Pick<TwoNodes, "mesh" | "receiver" | "bad">,
    ports: readonly [number, number],
  ) {
    this.mesh = parts.mesh;
    this.receiver = parts.receiver;
    this.bad = parts.bad;
    this.#stack = stack;
    this.#traffic = ports.map((port, index) => {
      const judge = ({ status, headers }: Response): string | undefined => {
        this.tags[index]?.add(headers.get("x-tag") ?? "none");
        return status === 200 ? undefined : `status ${status}`;
      };
      return stack.use(new PacedTraffic(port, judge));
    });
  }

  static async start(alarm: "nack" | "plugin-failing"): Promise<TwoNodes> {
    await using stack = new AsyncDisposableStack();
    const receiver = stack.use(await startWebhookReceiver());
    const mesh = stack.use(await WholeMesh.start());
    await mesh.callWebhook(receiver.url, alarm);
    await mesh.table("node-1", "here");
    await mesh.table("node-2", "missing");
    const [good, bad] = [await mesh.node("node-1"), await mesh.node("node-2")];
    const [first, second] = await Promise.all([good.ready(), bad.ready()]);
    await mesh.release("1.0.0", undefined, ({ counts }) => counts.active === 2);
    return new TwoNodes(stack.move(), { mesh, receiver, bad }, [first.inbound, second.inbound]);
  }

  /** Waits for answers of both nodes that were asked for after this. */
  async served(): Promise<readonly [readonly string[], readonly string[]]> {
    const enough = this.#traffic.map(({ answers }) => answers + 5);
    await this.mesh.eventually(() => this.#traffic.every(({ answers }, index) => answers > enough[index]!));
    return [[...this.tags[0]], [...this.tags[1]]];
  }

  /** Of the requests so far. */
  get problems(): readonly string[] {
    return this.#traffic.flatMap(({ problems }) => problems);
  }

  /** What came to the receiver: types of those calls whose signature is right, else what is wrong. */
  told(): readonly string[] {
    return this.receiver.calls.map((call) => {
      const isSigned = call.headers["webhook-signature"] === signatureOf(call, WEBHOOK_SECRET);
      return isSigned ? (JSON.parse(call.body) as { type: string }).type : "a wrong signature";
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

const most = (counts: Readonly<Record<string, number>>): number => Math.max(...Object.values(counts));

test(
  "a package whose init fails on one node is sent there once, refused, shown and told once; retry sends it again",
  { timeout: 180_000 },
  async () => {
    await using nodes = await TwoNodes.start("nack");
    const { mesh, receiver, bad } = nodes;
    const { admin } = mesh.plane;

    // The release says where and why. That node keeps what it had; the other one has the new version.
    const { release } = await mesh.release(
      "1.1.0",
      FAILS_AT_START,
      ({ counts, nodes: [first] }) => counts.failed === 1 && first?.running === "1.1.0",
    );
    const shown = await mesh.sluice("release", "status", String(release.id));
    expect(shown.stdout).toMatch(/node-1 .*active/);
    expect(shown.stdout).toMatch(/node-2 .*failed.*no table here/);
    const { resources, failures } = await admin.call("getNode", { params: { node: "node-2" } });
    expect(resources.chain.nacked?.problems.join()).toContain("no table here");
    expect(failures).toMatchObject([
      { version: "1.1.0", during: "activation", what: expect.stringContaining("no table here") },
    ]);
    expect(JSON.parse((await receiver.call(1)).body)).toMatchObject({
      type: "alarm.raised",
      data: { alarms: [{ kind: "nack", cluster: "demo", node: "node-2" }] },
    });
    expect(await nodes.served()).toEqual([["1.0.0", "1.1.0"], ["1.0.0"]]);
    expect(nodes.problems).toEqual([]);

    // It comes back and is computed anew: what it refused is not sent to it again, and nobody is told again.
    const suppressed = mesh.suppressedChains;
    await bad.child.end("SIGKILL");
    const again = await mesh.node("node-2");
    await mesh.eventually(() => mesh.suppressedChains > suppressed);
    expect((await again.get()).headers.get("x-tag")).toBe("1.0.0");
    const refused = `CHAIN ${resources.chain.nacked?.hash}`;
    expect(mesh.push.sent("node-2", "CHAIN")[refused]).toBe(1);
    expect(most(mesh.push.sent("node-2", "CHAIN"))).toBe(1);
    expect(most(mesh.push.sent("node-1", "CHAIN"))).toBe(1);
    expect(nodes.told()).toEqual(["alarm.raised"]);

    // Somebody who has put it right says so: it is sent once more and taken, and the alarm is over.
    await mesh.table("node-2", "here");
    const params = { release: release.id };
    await admin.call("retryRelease", { params, body: {} });
    await mesh.until("getRelease", { params }, ({ counts }) => counts.active === 2);
    expect((await again.get()).headers.get("x-tag")).toBe("1.1.0");
    expect(await admin.call("getNode", { params: { node: "node-2" } })).toMatchObject({ failures: [] });
    expect(mesh.push.sent("node-2", "CHAIN")[refused]).toBe(2);
    expect(most(mesh.push.sent("node-1", "CHAIN"))).toBe(1);
    await receiver.call(2);
    expect(nodes.told()).toEqual(["alarm.raised", "alarm.resolved"]);
  },
);

test(
  "a package that one node cannot load is refused there alone, shown and told once; retry has it loaded again",
  { timeout: 180_000 },
  async () => {
    await using nodes = await TwoNodes.start("plugin-failing");
    const { mesh, receiver } = nodes;
    const { admin } = mesh.plane;

    const { release } = await mesh.download(
      "1.1.0",
      choosyZip(),
      ({ counts }) => counts.failed === 1 && counts.downloaded === 1,
    );
    const shown = await mesh.sluice("release", "status", String(release.id));
    expect(shown.stdout).toMatch(/node-1 .*downloaded/);
    expect(shown.stdout).toMatch(/node-2 .*failed.*table/);
    const { packages, failures } = await admin.call("getNode", { params: { node: "node-2" } });
    expect(packages).toContainEqual(expect.objectContaining({ version: "1.1.0", state: "INVALID" }));
    expect(failures).toMatchObject([{ version: "1.1.0", during: "download" }]);
    expect(JSON.parse((await receiver.call(1)).body)).toMatchObject({
      type: "alarm.raised",
      data: { alarms: [{ kind: "plugin-failing", cluster: "demo", node: "node-2", plugin: "tagger" }] },
    });
    expect(await nodes.served()).toEqual([["1.0.0"], ["1.0.0"]]);
    expect(most(mesh.push.sent("node-2", "STAGE"))).toBe(1);
    expect(nodes.told()).toEqual(["alarm.raised"]);

    await mesh.table("node-2", "here");
    const params = { release: release.id };
    await admin.call("retryRelease", { params, body: {} });
    await mesh.until("getRelease", { params }, (status) => status.release.state === "DOWNLOADED");
    expect(most(mesh.push.sent("node-2", "STAGE"))).toBe(2);
    expect(most(mesh.push.sent("node-1", "STAGE"))).toBe(1);
    await admin.call("activateRelease", { params, body: {} });
    await mesh.until("getRelease", { params }, ({ counts }) => counts.active === 2);
    expect(await nodes.served()).toEqual([
      ["1.0.0", "1.1.0"],
      ["1.0.0", "1.1.0"],
    ]);
    expect(nodes.problems).toEqual([]);
    await receiver.call(2);
    expect(nodes.told()).toEqual(["alarm.raised", "alarm.resolved"]);
  },
);

test(
  "a package that throws at load on the one node that is to try it first goes no further and is told once; each retry loads it once",
  { timeout: 180_000 },
  async () => {
    await using nodes = await TwoNodes.start("plugin-failing");
    const { mesh, receiver } = nodes;
    const failed = await mesh.download(
      "1.1.0",
      taggerZip("tagger", "1.1.0", FAILS_AT_LOAD),
      ({ counts }) => counts.failed === 1,
      { kind: "nodes", nodes: ["node-2"] },
    );
    const shown = await mesh.sluice("release", "status", String(failed.release.id));
    expect(shown.stdout).toMatch(/node-2 .*failed.*boom at load/);
    expect(JSON.parse((await receiver.call(1)).body)).toMatchObject({
      type: "alarm.raised",
      data: { alarms: [{ kind: "plugin-failing", cluster: "demo", node: "node-2", plugin: "tagger" }] },
    });
    expect(await nodes.served()).toEqual([["1.0.0"], ["1.0.0"]]);
    expect(nodes.told()).toEqual(["alarm.raised"]);
    expect(most(mesh.push.sent("node-2", "STAGE"))).toBe(1);

    const before = failureAt(await mesh.plane.admin.call("getNode", { params: { node: "node-2" } }));
    const params = { release: failed.release.id };
    await mesh.plane.admin.call("retryRelease", { params, body: {} });
    await mesh.until("getNode", { params: { node: "node-2" } }, (node) => failureAt(node) > before);
    expect(most(mesh.push.sent("node-2", "STAGE"))).toBe(2);
    expect(await nodes.served()).toEqual([["1.0.0"], ["1.0.0"]]);
    expect(nodes.problems).toEqual([]);
    // Each retry may be heard of as the end of the trouble and its return, once each.
    expect(nodes.told().join()).toMatch(/^alarm\.raised(,alarm\.resolved(,alarm\.raised)?)?$/);
  },
);

/** When the last failure was heard of. */
function failureAt({ failures }: { readonly failures: readonly { readonly at: string | number }[] }): number {
  return new Date(failures.at(-1)?.at ?? 0).getTime();
}
