import { expect, test } from "vitest";

import { ConfiguredChain, snapshotOf } from "../../test/support/configured-chain.ts";
import { testPackage } from "../../test/support/scripted-plugins.ts";

const needsLevel = {
  type: "object",
  properties: { level: { type: "integer" } },
  required: ["level"],
  additionalProperties: false,
};

test("a snapshot takes effect: packages, terms of manifest and entry, chain and services", async () => {
  await using mesh = new ConfiguredChain([
    testPackage("guard"),
    testPackage("tag", { failurePolicy: "open" }),
  ]);
  const snapshot = snapshotOf(
    [{ plugin: "guard", timeout: "20ms", tag: "blue", config: { a: 1 } }, { plugin: "tag" }],
    { services: { Billing: ["127.0.0.1:9001"] } },
  );
  expect(await mesh.configuration.apply(snapshot)).toMatchObject({ kind: "applied" });
  expect(mesh.chain.status).toMatchObject([
    { plugin: "guard", tag: "blue", failurePolicy: "closed", positions: ["request"], obstacle: undefined },
    { plugin: "tag", tag: "", failurePolicy: "open" },
  ]);
  expect(mesh.registry.prepared[0]).toMatchObject([
    { config: { a: 1 }, tag: "blue", timeout: 20, cpu: 10, memory: 32 * 1024 ** 2 },
    { timeout: 50 },
  ]);
  expect(mesh.services.get("billing")).toEqual([{ host: "127.0.0.1", port: 9001 }]);
  expect(mesh.configuration.status).toMatchObject({ lastApplied: true, problems: [], age: 0 });
});

test("the same snapshot again is unchanged and loads nothing", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard")]);
  const first = await mesh.apply({ plugin: "guard", config: { a: 1, b: 2 } });
  const second = await mesh.apply({ config: { b: 2, a: 1 }, plugin: "guard" });
  expect(second).toEqual({ ...first, kind: "unchanged" });
  expect(mesh.registry.prepared).toHaveLength(1);
});

test("a plugin that is off is not loaded, and need not exist", async () => {
  await using mesh = new ConfiguredChain([]);
  expect(await mesh.apply({ plugin: "nobody", mode: "off" })).toMatchObject({ kind: "applied" });
  expect(mesh.registry.prepared).toEqual([[]]);
  expect(mesh.chain.empty).toBe(true);
});

test("a config that breaks its schema refuses the whole snapshot, and the last good one goes on", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard", { configSchema: needsLevel })]);
  await mesh.apply({ plugin: "guard", config: { level: 1 } });
  const result = await mesh.apply({ plugin: "guard", config: { level: "high", lvl: 2 } });
  expect(result).toMatchObject({ kind: "rejected" });
  expect(mesh.problems).toEqual([
    expect.stringMatching(/^chain\[0\]\.config\.lvl: unknown key/),
    expect.stringMatching(/^chain\[0\]\.config\.level: must be integer/),
  ]);
  expect(mesh.serving).toEqual(["guard 1.0.0 ok"]);
  expect(mesh.configuration.status.lastApplied).toBe(false);
  expect(await mesh.apply({ plugin: "guard", config: { level: 1 } })).toMatchObject({ kind: "unchanged" });
  expect(mesh.configuration.status).toMatchObject({ lastApplied: true, problems: [] });
});

test("of a file with hundreds of problems twenty are told, and how many more there are", async () => {
  await using mesh = new ConfiguredChain([]);
  const keys = Array.from({ length: 500 }, (_, index) => `services.k${index}`);
  mesh.configuration.refuse(keys.map((key) => ({ where: "mesh.yaml", key, message: "unknown key" })));
  expect(mesh.problems).toHaveLength(21);
  expect(mesh.problems.at(-1)).toBe("services: and 480 more");
  expect(JSON.stringify(mesh.logLines)).toContain("services: and 480 more");
});

test("secrets reach the plugin but neither the snapshot nor its hashes nor the log", async () => {
  const entry = { plugin: "guard", config: { token: { fromEnv: "TOKEN" } } };
  await using mesh = new ConfiguredChain([testPackage("guard")], { TOKEN: "hunter2" });
  await using other = new ConfiguredChain([testPackage("guard")], { TOKEN: "hunter3" });
  const result = await mesh.apply(entry);
  expect(mesh.registry.prepared[0]?.[0]?.config).toEqual({ token: "hunter2" });
  expect(JSON.stringify([mesh.configuration.status, mesh.logLines])).not.toContain("hunter2");
  expect(await other.apply(entry)).toEqual(result);
  expect(other.configuration.status).toEqual(mesh.configuration.status);
});

test("a secret that is missing refuses the snapshot", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard")]);
  await mesh.apply({ plugin: "guard", config: { token: { fromEnv: "TOKEN" } } });
  expect(mesh.problems).toEqual(["chain[0].config.token: the environment has no TOKEN"]);
});

test("at the start a plugin without a package is answered for by its policy until the package comes", async () => {
  await using mesh = new ConfiguredChain([]);
  expect(await mesh.apply({ plugin: "guard" })).toMatchObject({ kind: "applied" });
  expect(mesh.chain.status).toMatchObject([
    { failurePolicy: "closed", obstacle: "not_loaded", ready: false, positions: ["request"] },
  ]);
  expect(mesh.configuration.status.inForce?.loads).toMatchObject([
    { state: "failed", detail: "there is no guard among the packages" },
  ]);
  mesh.packages.put(testPackage("guard"));
  await mesh.configuration.idle();
  expect(mesh.serving).toEqual(["guard 1.0.0 ok"]);
});

test("later a plugin without a package refuses the snapshot, which takes effect when the package comes", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard")]);
  await mesh.apply({ plugin: "guard" });
  await mesh.apply({ plugin: "guard" }, { plugin: "gaurd" }, { plugin: "tag", version: "2.0.0" });
  expect(mesh.problems).toEqual([
    'chain[1].plugin: there is no gaurd among the packages, did you mean "guard"?',
    "chain[2].plugin: there is no tag among the packages",
  ]);
  await mesh.apply({ plugin: "guard" }, { plugin: "tag", version: "2.0.0" });
  mesh.packages.put(testPackage("tag", { version: "1.0.0" }));
  await mesh.configuration.idle();
  expect(mesh.problems).toEqual(["chain[1].version: there is no tag 2.0.0 among the packages, only 1.0.0"]);
  expect(mesh.serving).toEqual(["guard 1.0.0 ok"]);
  mesh.packages.put(testPackage("tag", { version: "2.0.0" }));
  await mesh.configuration.idle();
  expect(mesh.serving).toEqual(["guard 1.0.0 ok", "tag 2.0.0 ok"]);
  expect(mesh.configuration.status.lastApplied).toBe(true);
});

test("a package that was refused is told as the reason", async () => {
  await using mesh = new ConfiguredChain([]);
  await mesh.apply();
  const problems = [{ where: "guard.zip", message: "is no zip" }];
  mesh.packages.reject({ name: "guard", path: "/plugins/guard.zip", problems });
  await mesh.apply({ plugin: "guard" });
  expect(mesh.problems).toEqual(["chain[0].plugin: /plugins/guard.zip is refused: is no zip"]);
});

test("a changed package is loaded and takes the place of the one before", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard"), testPackage("other")]);
  await mesh.apply({ plugin: "guard" });
  mesh.packages.put(testPackage("guard", { content: "new" }));
  await mesh.configuration.idle();
  expect(mesh.chain.status[0]?.digest).toBe(testPackage("guard", { content: "new" }).digest);
  mesh.packages.put(testPackage("other", { content: "new" }));
  await mesh.configuration.idle();
  expect(mesh.registry.prepared).toHaveLength(2);
});

test("a package that changes while its snapshot is being applied is not missed", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard")]);
  const go = mesh.registry.hold();
  const applying = mesh.apply({ plugin: "guard" });
  await mesh.registry.asked;
  mesh.packages.put(testPackage("guard", { content: "new" }));
  go();
  await applying;
  await mesh.configuration.idle();
  expect(mesh.chain.status[0]?.digest).toBe(testPackage("guard", { content: "new" }).digest);
});

test("a plugin that fails to load keeps its generation, others go on to their new ones", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard"), testPackage("tag")]);
  await mesh.apply({ plugin: "guard" }, { plugin: "tag" });
  mesh.registry.failing.set("guard", "throw");
  await mesh.apply({ plugin: "guard", tag: "blue" }, { plugin: "tag", tag: "blue" });
  expect(mesh.chain.status).toMatchObject([
    { plugin: "guard", tag: "blue", obstacle: undefined },
    { plugin: "tag", tag: "blue", obstacle: undefined },
  ]);
  expect(mesh.configuration.status.inForce?.loads).toMatchObject([
    { plugin: "guard", state: "kept", detail: "scripted failure" },
    { plugin: "tag", state: "serving", detail: undefined },
  ]);
});

test("a new plugin that fails to load is answered for by its policy at its positions", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard", { positions: ["response"] })]);
  mesh.registry.failing.set("guard", "memory");
  await mesh.apply({ plugin: "guard", failurePolicy: "open" });
  expect(mesh.chain.status).toMatchObject([
    { version: "1.0.0", obstacle: "memory", failurePolicy: "open", positions: ["response"], ready: true },
  ]);
});

test("what failed to load is tried again, ever less often, until it works", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard")]);
  mesh.registry.failing.set("guard", "throw");
  await mesh.apply({ plugin: "guard" });
  for (const delay of [1_250, 2_500]) {
    mesh.clock.advance(delay);
    await mesh.configuration.idle();
  }
  expect(mesh.registry.prepared).toHaveLength(3);
  mesh.registry.failing.clear();
  mesh.clock.advance(5_000);
  await mesh.configuration.idle();
  expect(mesh.serving).toEqual(["guard 1.0.0 ok"]);
  expect(mesh.clock.pending).toBe(0);
  expect(mesh.logLines.filter((line) => line.includes("plugin not loaded"))).toHaveLength(1);
});

test("out of quarantine a plugin comes by a person's word only", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard")]);
  mesh.registry.failing.set("guard", "quarantined");
  await mesh.apply({ plugin: "guard" });
  expect(mesh.clock.pending).toBe(0);
  mesh.registry.failing.clear();
  mesh.configuration.retry();
  await mesh.configuration.idle();
  expect(mesh.serving).toEqual(["guard 1.0.0 ok"]);
});

test("a package that no longer fits its config, or is gone, leaves the generation before in place", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard"), testPackage("tag")]);
  await mesh.apply({ plugin: "guard", timeout: "20ms" }, { plugin: "tag" });
  mesh.packages.put(testPackage("guard", { content: "new", configSchema: needsLevel }));
  mesh.packages.remove("tag");
  await mesh.configuration.idle();
  expect(mesh.serving).toEqual(["guard 1.0.0 ok", "tag 1.0.0 ok"]);
  expect(mesh.configuration.status.inForce?.loads).toMatchObject([
    { state: "kept", detail: "must have required property 'level'" },
    { state: "kept", detail: "there is no tag among the packages" },
  ]);
});

test("while a snapshot is refused, what is in force still follows its packages", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard")]);
  await mesh.apply({ plugin: "guard" });
  await mesh.apply({ plugin: "guard" }, { plugin: "nobody" });
  mesh.packages.put(testPackage("guard", { content: "new" }));
  await mesh.configuration.idle();
  expect(mesh.chain.status[0]?.digest).toBe(testPackage("guard", { content: "new" }).digest);
  expect(mesh.problems).toEqual(["chain[1].plugin: there is no nobody among the packages"]);
});

test("one snapshot at a time, and of those that wait only the newest", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard")]);
  const go = mesh.registry.hold();
  const applying = mesh.apply({ plugin: "guard", tag: "1" });
  await mesh.registry.asked;
  const skipped = mesh.apply({ plugin: "guard", tag: "2" });
  const newest = mesh.apply({ plugin: "guard", tag: "3" });
  expect(await skipped).toEqual({ kind: "superseded" });
  go();
  expect([(await applying).kind, (await newest).kind]).toEqual(["applied", "applied"]);
  expect(mesh.registry.prepared.map(([spec]) => spec?.tag)).toEqual(["1", "3"]);
  expect(mesh.chain.status[0]?.tag).toBe("3");
});

test("what could not even be read is reported, counted and logged once; the last good one goes on", async () => {
  await using mesh = new ConfiguredChain([testPackage("guard")]);
  await mesh.apply({ plugin: "guard" });
  const problems = [{ where: "mesh.yaml", key: "chian", message: "unknown key" }];
  mesh.configuration.refuse(problems);
  mesh.configuration.refuse(problems);
  expect(mesh.configuration.status).toMatchObject({ lastApplied: false, problems });
  expect(mesh.results).toEqual(["applied", "rejected", "rejected"]);
  expect(mesh.logLines.filter((line) => line.includes("configuration refused"))).toHaveLength(1);
  expect(mesh.serving).toEqual(["guard 1.0.0 ok"]);
});

test("what takes effect at start only is said, not silently ignored", async () => {
  await using mesh = new ConfiguredChain([]);
  await mesh.configuration.apply(snapshotOf([], { sidecar: { logLevel: "info" } }));
  await mesh.configuration.apply(snapshotOf([], { sidecar: { logLevel: "debug" } }));
  expect(mesh.configuration.status.notices).toEqual([
    "sidecar has changed: it takes effect when the sidecar is started anew",
  ]);
  expect(mesh.configuration.status.inForce?.snapshot.settings).toEqual({ logLevel: "debug" });
});

test("disposing waits for what is under way and hears of packages no more", async () => {
  const mesh = new ConfiguredChain([testPackage("guard")]);
  const go = mesh.registry.hold();
  const applying = mesh.apply({ plugin: "guard" });
  await mesh.registry.asked;
  const waiting = mesh.apply({ plugin: "guard", tag: "2" });
  const disposed = mesh[Symbol.asyncDispose]();
  go();
  await disposed;
  expect([(await applying).kind, (await waiting).kind]).toEqual(["applied", "superseded"]);
  expect(mesh.packages.listeners).toBe(0);
  expect(mesh.clock.pending).toBe(0);
});
