import { expect, test } from "vitest";

import { snapshotOf } from "../../test/support/configured-chain.ts";
import { testPackage } from "../../test/support/scripted-plugins.ts";
import { SharedWorkers } from "../../test/support/shared-workers.ts";

const guard = (version: string): ReturnType<typeof testPackage> => testPackage("guard", { version });
const GUARD = snapshotOf([{ plugin: "guard" }]);

test("nobody swaps before the last one has prepared, then all do", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"));
  const [first, second] = [await mesh.join(), await mesh.join()];
  const release = second.registry.hold();

  const applying = mesh.applier.apply(GUARD, "snapshot");
  await Promise.all([first.registry.asked, second.registry.asked]);
  expect({ serving: mesh.serving, asked: first.asked }).toEqual({ serving: [[], []], asked: ["prepare"] });
  release();

  expect(await applying).toMatchObject({ kind: "applied" });
  expect(mesh.serving).toEqual([["guard 1.0.0 ok"], ["guard 1.0.0 ok"]]);
  expect(await mesh.applier.apply(GUARD, "snapshot")).toMatchObject({ kind: "unchanged" });
});

test("what one worker refuses is refused in all, and the old goes on", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"));
  const first = await mesh.join({ LEVEL: "1" });
  await mesh.join();
  await mesh.applier.apply(GUARD, "snapshot");
  const needsLevel = snapshotOf([{ plugin: "guard", config: { level: { fromEnv: "LEVEL" } } }]);

  const result = await mesh.applier.apply(needsLevel, "snapshot");

  expect(result).toMatchObject({
    kind: "rejected",
    problems: [{ where: "mesh.yaml", key: "chain[0].config.level" }],
  });
  expect(first.asked).toEqual(["prepare", "commit", "prepare"]);
  expect(mesh.applier.inForce?.snapshot).toBe(GUARD);
});

test("a gray version that one worker cannot load is gray in none, also not in one that comes later", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"), guard("1.1.0"));
  await mesh.join();
  (await mesh.join()).registry.failing.set("guard@1.1.0", "throw");
  const gray = { version: "1.1.0", percentage: 50 };

  await mesh.applier.apply(snapshotOf([{ plugin: "guard", version: "1.0.0", gray }]), "snapshot");
  await mesh.join();

  expect(mesh.workers.map(({ chain }) => chain.status[0]?.gray?.obstacle)).toEqual([
    "not_loaded",
    "throw",
    "not_loaded",
  ]);
  expect(mesh.serving).toEqual([["guard 1.0.0 ok"], ["guard 1.0.0 ok"], ["guard 1.0.0 ok"]]);
});

test("all that refuse for the same reason are one problem", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"));
  await mesh.join();
  await mesh.join();
  const needsLevel = snapshotOf([{ plugin: "guard", config: { level: { fromEnv: "LEVEL" } } }]);

  const result = await mesh.applier.apply(needsLevel, "snapshot");

  expect(result.kind === "rejected" && result.problems).toHaveLength(1);
});

test("a plugin that one worker cannot load is withheld from all; the rest of the chain swaps", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"), testPackage("tag"));
  await mesh.join();
  const second = await mesh.join();
  await mesh.applier.apply(GUARD, "snapshot");
  second.registry.failing.set("guard", "throw");
  mesh.packages.put(guard("2.0.0"));

  await mesh.applier.apply(snapshotOf([{ plugin: "guard" }, { plugin: "tag" }]), "snapshot");

  const both = ["guard 1.0.0 ok", "tag 1.0.0 ok"];
  expect(mesh.serving).toEqual([both, both]);
  expect(mesh.applier.inForce?.loads).toMatchObject([
    { plugin: "guard", state: "kept", version: "1.0.0", detail: expect.stringContaining("worker 2") },
    { plugin: "tag", state: "serving" },
  ]);

  second.registry.failing.clear();
  expect(await mesh.applier.apply(mesh.applier.inForce?.snapshot ?? GUARD, "packages")).toMatchObject({
    kind: "applied",
  });
  expect(mesh.serving).toEqual([
    ["guard 2.0.0 ok", "tag 1.0.0 ok"],
    ["guard 2.0.0 ok", "tag 1.0.0 ok"],
  ]);
});

test("a worker that comes later gets what is in force, the generation that a plugin kept included", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"), testPackage("tag"));
  const first = await mesh.join();
  await mesh.applier.apply(snapshotOf([{ plugin: "guard", tag: "old" }]), "snapshot");
  first.registry.failing.set("guard", "throw");
  mesh.packages.put(guard("2.0.0"));
  await mesh.applier.apply(snapshotOf([{ plugin: "guard", tag: "new" }, { plugin: "tag" }]), "snapshot");
  mesh.packages.put(guard("3.0.0"));

  const second = await mesh.join();

  expect(second.tags).toEqual(["new", ""]);
  expect(second.serving).toEqual(["guard 1.0.0 ok", "tag 1.0.0 ok"]);
});

test("a worker that cannot have all of what is in force comes all the same: its plugin fails alone", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"), testPackage("tag"));
  const first = await mesh.join({ LEVEL: "1" });
  const chain = [{ plugin: "guard", config: { level: { fromEnv: "LEVEL" } } }, { plugin: "tag" }];
  await mesh.applier.apply(snapshotOf(chain), "snapshot");

  const second = await mesh.join({});

  expect(first.serving).toEqual(["guard 1.0.0 ok", "tag 1.0.0 ok"]);
  expect(second.serving).toEqual(["guard  not_loaded", "tag 1.0.0 ok"]);
  expect(mesh.applier.inForce?.loads).toMatchObject([{ state: "failed" }, { state: "serving" }]);
});

test("a worker that comes while others prepare waits, and gets the new one", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"));
  const first = await mesh.join();
  const release = first.registry.hold();
  const applying = mesh.applier.apply(GUARD, "snapshot");
  await first.registry.asked;

  const joining = mesh.join();
  release();
  const [, second] = await Promise.all([applying, joining]);

  expect(second.serving).toEqual(["guard 1.0.0 ok"]);
});

test("a worker that ends while it prepares has no say", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"));
  const [first, second] = [await mesh.join(), await mesh.join()];
  second.endsAt = "prepare";
  second.onEnd = () => mesh.applier.dismiss(second);

  expect(await mesh.applier.apply(GUARD, "snapshot")).toMatchObject({ kind: "applied" });
  expect(second.asked).toEqual(["prepare"]);
  expect(first.serving).toEqual(["guard 1.0.0 ok"]);
});

test("a configuration that every worker ends of is refused, not tried for ever", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"));
  const worker = await mesh.join();
  worker.endsAt = "prepare";

  expect(await mesh.applier.apply(GUARD, "snapshot")).toMatchObject({
    kind: "rejected",
    problems: [{ message: "worker 1 ended while it prepared" }],
  });
  expect(worker.asked).toEqual(["prepare", "prepare", "prepare"]);
});

test("a worker that does not swap is ended: the swap stands", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"));
  const [first, second] = [await mesh.join(), await mesh.join()];
  second.endsAt = "commit";

  expect(await mesh.applier.apply(GUARD, "snapshot")).toMatchObject({ kind: "applied" });

  expect({ killed: second.killed, first: first.serving }).toEqual({
    killed: true,
    first: ["guard 1.0.0 ok"],
  });
});

test("with no worker at all a configuration is refused, and says why", async () => {
  const mesh = new SharedWorkers(guard("1.0.0"));

  expect(await mesh.applier.apply(GUARD, "snapshot")).toMatchObject({
    kind: "rejected",
    problems: [{ where: "mesh.yaml", message: "no worker runs to try it" }],
  });
});
