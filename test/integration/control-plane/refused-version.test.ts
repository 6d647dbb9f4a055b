import { isDeepStrictEqual } from "node:util";

import { expect, test } from "vitest";

import type { ControlledSidecar } from "../../support/controlled-sidecar.ts";
import { PacedTraffic } from "../../support/paced-traffic.ts";
import { signatureOf, startWebhookReceiver, type WebhookReceiver } from "../../support/webhook-receiver.ts";
import { WEBHOOK_SECRET, WholeMesh } from "../../support/whole-mesh.ts";

// A version that one node refuses when it is activated keeps nothing else from that node, and takes nothing from it.

type Mode = "enforce" | "off";

/** What each plugin says that it is; null: it said nothing. */
type Answer = Readonly<Record<"guard" | "tag" | "late", string | null | undefined>>;

/** Throws when it starts where the file `table` says so, which no check before can know. */
const guard = (version: string): string => `export default {
  init({ config }) {
    if (config.table === "missing" && ${JSON.stringify(version)} !== "1.0.0") throw new Error("no table here");
  },
  execute: () => ({ headerSet: { "x-guard": ${JSON.stringify(version)} } }),
};`;

async function chainIs(mesh: WholeMesh, modes: Readonly<Record<string, Mode>>): Promise<void> {
  const entries = Object.entries(modes).map(([plugin, mode]) => {
    const config = plugin === "tagger" ? {} : { table: { fromFile: "table" } };
    return { plugin, mode, timeout: "2s", config };
  });
  const body = { entries, deadlines: { request: "5s", response: "5s" } };
  await mesh.plane.admin.call("putChain", { params: { cluster: "demo" }, body });
}

/** Two nodes with `guard` and `tagger`; on the second one later versions of `guard` do not start. */
async function startNodes() {
  await using stack = new AsyncDisposableStack();
  const receiver = stack.use(await startWebhookReceiver());
  const mesh = stack.use(await WholeMesh.start());
  await mesh.callWebhook(receiver.url, "nack");
  await mesh.plugin("guard");
  await mesh.plugin("late");
  await mesh.table("node-1", "here");
  await mesh.table("node-2", "missing");
  await chainIs(mesh, { guard: "enforce", tagger: "enforce" });
  const [, bad] = [await mesh.node("node-1"), await mesh.node("node-2")];
  const { inbound } = await bad.ready();
  await mesh.release("1.0.0", undefined, ({ counts }) => counts.active === 2);
  await mesh.release("guard@1.0.0", guard("1.0.0"), ({ counts }) => counts.active === 2);
  const owned = stack.move();
  return { mesh, receiver, bad, inbound, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Alarms that the receiver was told of, by the end of their calls' types; signatures are right. */
function told({ calls }: WebhookReceiver): readonly string[] {
  return calls.map((call) => {
    expect(call.headers["webhook-signature"]).toBe(signatureOf(call, WEBHOOK_SECRET));
    const { type, data } = JSON.parse(call.body) as { type: string; data: { alarms: { plugin: string }[] } };
    return `${type} ${data.alarms.map(({ plugin }) => plugin).join()}`;
  });
}

/** Answers of the node, to one request after the other, until one is this; all have status 200. */
async function until(node: ControlledSidecar, expected: Answer): Promise<Answer> {
  while (true) {
    const { status, headers } = await node.get();
    expect(status).toBe(200);
    const [guard, tag, late] = ["x-guard", "x-tag", "x-late"].map((name) => headers.get(name));
    const answer = { guard, tag, late };
    if (isDeepStrictEqual(answer, expected)) return answer;
  }
}

test(
  "what else changes reaches a node that refuses a version, which runs on with the one before under traffic and restarts",
  { timeout: 240_000 },
  async () => {
    await using nodes = await startNodes();
    const { mesh, receiver, bad, inbound } = nodes;
    const { admin } = mesh.plane;
    const traffic = new PacedTraffic(inbound, ({ status, headers }) =>
      status === 200 && headers.get("x-guard") === "1.0.0"
        ? undefined
        : `${status} ${headers.get("x-guard")}`,
    );
    const request = { params: { node: "node-2" } };

    const { release } = await mesh.release("guard@2.0.0", guard("2.0.0"), ({ counts }) => {
      return counts.failed === 1 && counts.active === 1;
    });
    // Another version, and then a switch, of what stands behind it in the chain.
    await mesh.release("1.1.0", undefined, ({ counts }) => counts.active === 2);
    await until(bad, { guard: "1.0.0", tag: "1.1.0", late: null });
    await chainIs(mesh, { guard: "enforce", tagger: "off" });
    await until(bad, { guard: "1.0.0", tag: null, late: null });
    await traffic[Symbol.asyncDispose]();
    expect(traffic.problems).toEqual([]);
    expect(traffic.answers).toBeGreaterThan(5);

    // It is shown as what it is, told once, and stops that release alone.
    expect((await mesh.sluice("get", "nodes")).stdout).toMatch(/node-2 .*REJECTED/);
    const described = (await mesh.sluice("describe", "node", "node-2")).stdout;
    expect(described).toMatch(/^ +chain +\w{12} +guard@2\.0\.0 +20\S+Z +.*no table here/m);
    expect(described).toMatch(/^ +chain .* guard@2\.0\.0$/m);
    expect((await mesh.sluice("describe", "plugin", "guard")).stdout).toMatch(
      /^ +node-2 +2\.0\.0 +activation +20\S+Z +.*no table here/m,
    );
    const status = await admin.call("getRelease", { params: { release: release.id } });
    expect(status.release.state).toBe("ACTIVATING");
    await receiver.call(1);
    expect(told(receiver)).toEqual(["alarm.raised guard"]);
    expect(Math.max(...Object.values(mesh.push.sent("node-2", "CHAIN")))).toBe(1);

    // It starts again with what goes on there, and changes still come.
    await bad.child.end("SIGKILL");
    const again = await mesh.node("node-2");
    await again.ready();
    await until(again, { guard: "1.0.0", tag: null, late: null });
    await mesh.until("getNode", request, ({ presence }) => presence === "ONLINE");
    await chainIs(mesh, { guard: "enforce", tagger: "enforce" });
    await until(again, { guard: "1.0.0", tag: "1.1.0", late: null });
    expect(told(receiver)).toEqual(["alarm.raised guard"]);

    await mesh.table("node-2", "here");
    await admin.call("retryRelease", { params: { release: release.id }, body: {} });
    await mesh.until("getRelease", { params: { release: release.id } }, ({ counts }) => counts.active === 2);
    await mesh.until("getNode", request, ({ sync, refused }) => sync === "SYNCED" && refused.length === 0);
    await until(again, { guard: "2.0.0", tag: "1.1.0", late: null });
    await receiver.call(2);
    expect(told(receiver)).toEqual(["alarm.raised guard", "alarm.resolved guard"]);
  },
);

test(
  "a first version that a node refuses is missing there as before, and the rest changes; retried, it runs",
  { timeout: 180_000 },
  async () => {
    await using nodes = await startNodes();
    const { mesh, bad } = nodes;
    const late = guard("1.1.0").replace("x-guard", "x-late");
    await chainIs(mesh, { late: "enforce", guard: "enforce", tagger: "enforce" });
    const first = await mesh.release("late@1.1.0", late, ({ counts }) => {
      return counts.failed === 1 && counts.active === 1;
    });
    expect(first.nodes.map(({ node, step }) => `${node} ${step}`)).toEqual([
      "node-1 active",
      "node-2 failed",
    ]);
    await mesh.release("1.1.0", undefined, ({ counts }) => counts.active === 2);

    await until(bad, { guard: "1.0.0", tag: "1.1.0", late: null });

    await mesh.table("node-2", "here");
    await mesh.plane.admin.call("retryNode", { params: { node: "node-2" } });
    await mesh.until("getNode", { params: { node: "node-2" } }, ({ sync }) => sync === "SYNCED");
    await until(bad, { guard: "1.0.0", tag: "1.1.0", late: "1.1.0" });
  },
);

test(
  "a plugin that a node refuses when it is switched on is answered by the policy of its manifest, and the rest changes",
  { timeout: 180_000 },
  async () => {
    await using nodes = await startNodes();
    const { mesh, bad } = nodes;
    await chainIs(mesh, { guard: "off", tagger: "enforce" });
    await until(bad, { guard: null, tag: "1.0.0", late: null });
    await mesh.release("guard@2.0.0", guard("2.0.0"), ({ release }) => release.state === "ACTIVE");

    await chainIs(mesh, { guard: "enforce", tagger: "enforce" });
    const { refused } = await mesh.until(
      "getNode",
      { params: { node: "node-2" } },
      ({ sync }) => sync === "REJECTED",
    );
    expect(refused).toMatchObject([{ type: "chain", plugin: "guard", version: "2.0.0" }]);
    await mesh.release("1.1.0", undefined, ({ counts }) => counts.active === 2);

    // With the policy `closed`, which counts where nothing is known, it would answer 503.
    await until(bad, { guard: null, tag: "1.1.0", late: null });
  },
);
