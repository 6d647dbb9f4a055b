import { readdir } from "node:fs/promises";

import { expect, test } from "vitest";

import { chainOf, ControlMesh } from "../support/control-mesh.ts";
import { taggerZip } from "../support/controlled-sidecar.ts";

test("a first life: packages are staged, the chain is in force, and a second version takes its place", async () => {
  await using mesh = await ControlMesh.create({ token: "sluice_secret" });
  const { plane } = mesh;
  const sidecar = mesh.start();
  const node = await plane.connected();
  expect(node.hello).toMatchObject({
    node: "node-1",
    cluster: "shop",
    service: "app",
    symbol: "stable",
    apiVersions: ["mesh.v1"],
    inForce: [],
    staged: [],
  });
  const first = plane.publish("tagger", "1.0.0", taggerZip("tagger", "1.0.0"));

  expect((await node.push("stage", { packages: [first] })).kind).toBe("ack");
  await node.staged("tagger", "LOADABLE");
  await node.reported("tagger", "INSTALLED");
  expect(sidecar.child.output).not.toContain('"msg":"ready"');

  expect((await node.push("route", { services: {} })).kind).toBe("ack");
  expect((await node.push("chain", chainOf({ plugin: "tagger", version: "1.0.0" }))).kind).toBe("ack");
  expect((await sidecar.get()).headers.get("x-tag")).toBe("1.0.0");
  await node.reported("tagger", "RUNNING");

  const second = plane.publish("tagger", "1.1.0", taggerZip("tagger", "1.1.0"));
  await node.push("stage", { packages: [first, second] });
  await node.until(({ stage }) => stage?.version === "1.1.0" && stage.state === "LOADABLE");
  await node.push("chain", chainOf({ plugin: "tagger", version: "1.1.0" }), { tick: 7 });

  expect((await sidecar.get()).headers.get("x-tag")).toBe("1.1.0");
  expect(await sidecar.metric('sluice_config_tick{source="stream"}')).toBe(7);
  expect(await sidecar.metric("sluice_control_plane_connected")).toBe(1);
});

test("what cannot be in force is refused with its place, and what was before goes on", async () => {
  await using mesh = await ControlMesh.create();
  const sidecar = mesh.start();
  const node = await mesh.plane.connected();
  const good = mesh.plane.publish("tagger", "1.0.0", taggerZip("tagger", "1.0.0"));
  const bad = mesh.plane.publish(
    "tagger",
    "2.0.0",
    taggerZip("tagger", "2.0.0", `export default { init() { throw new Error("no table"); }, execute() {} };`),
  );
  await node.push("stage", { packages: [good, bad] });
  await node.until(({ stage }) => stage?.version === "1.0.0" && stage.state === "LOADABLE");
  await node.until(({ stage }) => stage?.version === "2.0.0" && stage.state === "LOADABLE");
  await node.push("chain", chainOf({ plugin: "tagger", version: "1.0.0" }));

  const refused = await node.push("chain", chainOf({ plugin: "tagger", version: "2.0.0" }));
  expect(refused.nack?.problems).toMatchObject([
    { key: "chain[0]", plugin: "tagger", message: expect.stringMatching(/no table/) },
  ]);
  const unknown = await node.push("chain", chainOf({ plugin: "tagger", version: "1.0.0", mod: "off" }));
  expect(unknown.nack?.problems).toMatchObject([
    { key: "chain[0].mod", message: expect.stringMatching(/unknown key/) },
  ]);
  const unstaged = await node.push("chain", chainOf({ plugin: "other", version: "1.0.0" }));
  expect(unstaged.nack?.problems).toMatchObject([{ key: "chain[0].plugin", plugin: "other" }]);
  const torn = await node.push("chain", chainOf(), { hash: "0".repeat(64) });
  expect(torn.nack?.problems[0]?.message).toMatch(/hash/);

  expect((await sidecar.get()).headers.get("x-tag")).toBe("1.0.0");
});

test("a chain or a route is emptied only when somebody says that this is meant", async () => {
  await using mesh = await ControlMesh.create();
  const sidecar = mesh.start();
  const node = await mesh.plane.connected();
  const tagger = mesh.plane.publish("tagger", "1.0.0", taggerZip("tagger", "1.0.0"));
  await node.push("stage", { packages: [tagger] });
  await node.staged("tagger", "LOADABLE");
  await node.push("route", { services: { billing: ["127.0.0.1:9001"] } });
  await node.push("chain", chainOf({ plugin: "tagger", version: "1.0.0" }));

  expect((await node.push("route", { services: {} })).nack?.problems[0]?.message).toMatch(/tombstone/);
  expect((await node.push("chain", chainOf())).nack?.problems[0]?.message).toMatch(/tombstone/);
  expect((await sidecar.get()).headers.get("x-tag")).toBe("1.0.0");

  expect((await node.push("chain", chainOf(), { tombstone: true })).kind).toBe("ack");
  expect((await sidecar.get()).headers.get("x-tag")).toBeNull();
});

test("a package that is removed leaves chain, memory and disk, and that is reported until it is confirmed", async () => {
  await using mesh = await ControlMesh.create();
  const sidecar = mesh.start();
  const node = await mesh.plane.connected();
  const tagger = mesh.plane.publish("tagger", "1.0.0", taggerZip("tagger", "1.0.0"));
  await node.push("stage", { packages: [tagger] });
  await node.staged("tagger", "LOADABLE");
  await node.push("chain", chainOf({ plugin: "tagger", version: "1.0.0" }));

  await node.push("stage", { packages: [] });
  expect((await sidecar.get()).headers.get("x-tag")).toBe("1.0.0");
  await node.push("chain", chainOf(), { tombstone: true });
  await node.staged("tagger", "DELETED");
  await node.reported("tagger", "REMOVED");

  const left = await readdir(sidecar.path("packages"), { recursive: true });
  expect(left.filter((name) => name.includes(tagger.digest))).toEqual([]);
});

test("no token, or a wrong one: the node says so, tries again, and takes no traffic meanwhile", async () => {
  await using mesh = await ControlMesh.create(
    { token: "sluice_right" },
    { controlPlaneToken: "sluice_wrong" },
  );
  const sidecar = mesh.start();
  await sidecar.child.line(/not connected.*UNAUTHENTICATED|UNAUTHENTICATED.*not connected/);
  expect(await sidecar.child.end("SIGTERM")).toBe(0);
});
