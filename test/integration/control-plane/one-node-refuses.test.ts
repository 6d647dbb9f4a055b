import { expect, test } from "vitest";

import type { ControlledSidecar } from "../../support/controlled-sidecar.ts";
import { startWebhookReceiver } from "../../support/webhook-receiver.ts";
import { WholeMesh } from "../../support/whole-mesh.ts";

// A package that every check lets through and that one node cannot put in force. Control plane, nodes and receiver are
// what they are in production; each node is a process of its own.

/** Throws when it starts where the file `table` says so, which no check before can know. */
const SCRIPT = `export default {
  init({ config }) { if (config.table === "missing") throw new Error("no table here"); },
  execute: () => ({ headerSet: { "x-tag": "1.1.0" } }),
};`;

const tagOf = async (node: ControlledSidecar): Promise<string | null> =>
  (await node.get()).headers.get("x-tag");

test(
  "a package that fails on one node is sent there once, refused, shown and told once; retry sends it again",
  { timeout: 180_000 },
  async () => {
    await using receiver = await startWebhookReceiver();
    await using mesh = await WholeMesh.start();
    const { admin } = mesh.plane;
    await mesh.callWebhook(receiver.url, "nack");
    await mesh.table("node-1", "here");
    await mesh.table("node-2", "missing");
    const [good, bad] = [await mesh.node("node-1"), await mesh.node("node-2")];
    await Promise.all([good.ready(), bad.ready()]);
    await mesh.release("1.0.0", undefined, ({ counts }) => counts.active === 2);
    expect([await tagOf(good), await tagOf(bad)]).toEqual(["1.0.0", "1.0.0"]);
    const sentBefore = mesh.chains("sluice_cp_push_sent_total");
    const sent = (): number => mesh.chains("sluice_cp_push_sent_total") - sentBefore;

    // The release says where and why. That node keeps what it had; the other one has the new version.
    const { release, nodes } = await mesh.release(
      "1.1.0",
      SCRIPT,
      ({ counts, nodes: [first] }) => counts.failed === 1 && first?.running === "1.1.0",
    );
    expect(nodes).toMatchObject([
      { node: "node-1", step: "active", running: "1.1.0" },
      { node: "node-2", step: "failed", running: "1.0.0", error: expect.stringContaining("no table here") },
    ]);
    expect([await tagOf(good), await tagOf(bad)]).toEqual(["1.1.0", "1.0.0"]);
    const { resources, failures } = await admin.call("getNode", { params: { node: "node-2" } });
    expect(resources.chain.nacked?.problems.join()).toContain("no table here");
    expect(failures).toMatchObject([
      { version: "1.1.0", during: "activation", what: expect.stringContaining("no table here") },
    ]);
    expect(JSON.parse((await receiver.call(1)).body)).toMatchObject({
      type: "alarm.raised",
      data: { alarms: [{ kind: "nack", cluster: "demo", node: "node-2" }] },
    });

    // It comes back and is computed anew: what it refused is not sent to it again, and nobody is told again.
    const suppressed = mesh.chains("sluice_cp_nack_resends_suppressed_total");
    await bad.child.end("SIGKILL");
    const again = await mesh.node("node-2");
    await mesh.eventually(() => mesh.chains("sluice_cp_nack_resends_suppressed_total") > suppressed);
    expect(await tagOf(again)).toBe("1.0.0");
    expect(sent()).toBe(2);
    expect(receiver.calls).toHaveLength(1);

    // Somebody who has put it right says so: it is sent once more and taken, and the alarm is over.
    await mesh.table("node-2", "here");
    const params = { release: release.id };
    await admin.call("retryRelease", { params, body: {} });
    await mesh.until("getRelease", { params }, ({ counts }) => counts.active === 2);
    expect(await tagOf(again)).toBe("1.1.0");
    expect(await admin.call("getNode", { params: { node: "node-2" } })).toMatchObject({ failures: [] });
    expect(sent()).toBe(3);
    expect(JSON.parse((await receiver.call(2)).body)).toMatchObject({ type: "alarm.resolved" });
    expect(receiver.calls).toHaveLength(2);
  },
);
