import { expect, test } from "vitest";

import { startWebhookReceiver } from "../../support/webhook-receiver.ts";
import { PacedTraffic } from "../../support/paced-traffic.ts";
import { WholeMesh } from "../../support/whole-mesh.ts";

const DEADLINES = { request: "5s", response: "5s" };

/** The chain of the cluster: `tagger` with its config out of this file of each node. */
async function configure(mesh: WholeMesh, file: string): Promise<void> {
  const entry = { plugin: "tagger", timeout: "2s", config: { table: { fromFile: file } } };
  const body = { entries: [entry], deadlines: DEADLINES };
  await mesh.plane.admin.call("putChain", { params: { cluster: "demo" }, body });
}

test(
  "a config that nodes cannot take is refused with its reason, told once, and what runs goes on with the config that it has",
  { timeout: 120_000 },
  async () => {
    await using receiver = await startWebhookReceiver();
    await using mesh = await WholeMesh.start();
    await mesh.callWebhook(receiver.url, "nack");
    await mesh.table("node-1", "here");
    const node = await mesh.node("node-1");
    const { inbound } = await node.ready();
    await mesh.release("1.0.0", undefined, ({ counts }) => counts.active === 1);
    await using traffic = new PacedTraffic(inbound, ({ status, headers }) =>
      status === 200 && headers.get("x-tag") === "1.0.0" ? undefined : `${status} ${headers.get("x-tag")}`,
    );
    const params = { node: "node-1" };

    await configure(mesh, "mistyped");
    const refused = await mesh.until("getNode", { params }, ({ packages }) =>
      packages.some(({ state }) => state === "INVALID"),
    );
    const enough = traffic.answers + 20;
    await mesh.eventually(() => traffic.answers > enough);

    expect(refused.packages[0]?.detail).toContain("mistyped");
    expect((await mesh.sluice("get", "nodes")).stdout).toMatch(/node-1 .*REJECTED/);
    expect((await mesh.sluice("describe", "node", "node-1")).stdout).toMatch(
      /^ +stage +\w{12} +tagger@1\.0\.0 +20\S+Z +.*mistyped/m,
    );
    expect((await mesh.sluice("describe", "plugin", "tagger")).stdout).toMatch(
      /^ +node-1 +demo +1\.0\.0 +RUNNING +.*mistyped/m,
    );
    const raised = JSON.parse((await receiver.call(1)).body) as object;
    const alarm = { kind: "nack", cluster: "demo", node: "node-1", plugin: "tagger" };
    expect(raised).toMatchObject({ type: "alarm.raised", data: { alarms: [alarm] } });
    expect(traffic.problems).toEqual([]);

    await configure(mesh, "table");
    await mesh.until("getNode", { params }, ({ packages, sync }) => {
      return packages.every(({ state }) => state === "LOADABLE") && sync === "SYNCED";
    });
    expect(JSON.parse((await receiver.call(2)).body)).toMatchObject({ type: "alarm.resolved" });
    expect(receiver.calls).toHaveLength(2);
    expect(traffic.problems).toEqual([]);
  },
);

test(
  "a node that starts again with a config of its cluster that it cannot take starts with the one that it had",
  { timeout: 120_000 },
  async () => {
    await using mesh = await WholeMesh.start();
    await mesh.table("node-1", "here");
    const node = await mesh.node("node-1");
    await node.ready();
    await mesh.release("1.0.0", undefined, ({ counts }) => counts.active === 1);
    const params = { node: "node-1" };
    await configure(mesh, "mistyped");
    await mesh.until("getNode", { params }, ({ sync }) => sync === "REJECTED");

    await node.child.end("SIGKILL");
    const again = await mesh.node("node-1");
    await again.ready();
    await mesh.until(
      "getNode",
      { params },
      ({ presence, sync }) => presence === "ONLINE" && sync === "REJECTED",
    );

    expect((await again.get()).headers.get("x-tag")).toBe("1.0.0");
  },
);
