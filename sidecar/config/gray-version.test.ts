import { expect, test } from "vitest";

import { ConfiguredChain } from "../../test/support/configured-chain.ts";
import { testPackage } from "../../test/support/scripted-plugins.ts";

const BASE = testPackage("guard", { version: "1.0.0" });
const GRAY = testPackage("guard", { version: "1.1.0", timeout: 20 });
const entry = (percentage: number, more: Readonly<Record<string, unknown>> = {}) => ({
  plugin: "guard",
  version: "1.0.0",
  gray: { version: "1.1.0", percentage },
  ...more,
});

test("both versions are loaded, each with the terms of its own manifest", async () => {
  await using mesh = new ConfiguredChain([BASE, GRAY]);

  expect(await mesh.apply(entry(10))).toMatchObject({ kind: "applied" });

  expect(mesh.chain.status).toMatchObject([
    {
      version: "1.0.0",
      obstacle: undefined,
      gray: { version: "1.1.0", percentage: 10, obstacle: undefined },
    },
  ]);
  expect(mesh.registry.prepared[0]).toMatchObject([{ timeout: 50 }, { timeout: 20 }]);
  expect(mesh.configuration.status.inForce?.loads).toMatchObject([
    { plugin: "guard", part: "base", state: "serving", version: "1.0.0" },
    { plugin: "guard", part: "gray", state: "serving", version: "1.1.0" },
  ]);
});

test("widening, promoting and taking back load nothing anew", async () => {
  await using mesh = new ConfiguredChain([BASE, GRAY]);
  await mesh.apply(entry(10));
  const [base, gray] =
    mesh.chain.status.map((status) => [status.generation, status.gray?.generation])[0] ?? [];

  await mesh.apply(entry(50));
  expect(mesh.chain.status).toMatchObject([{ generation: base, gray: { generation: gray, percentage: 50 } }]);
  await mesh.apply({ plugin: "guard", version: "1.1.0" });
  expect(mesh.chain.status).toMatchObject([{ generation: gray, gray: undefined }]);
  await mesh.apply({ plugin: "guard", version: "1.0.0" });
  expect(mesh.chain.status).toMatchObject([{ generation: base, gray: undefined }]);
});

test("a gray version that cannot be loaded leaves the traffic to the base, and is tried again", async () => {
  await using mesh = new ConfiguredChain([BASE, GRAY]);
  mesh.registry.failing.set("guard@1.1.0", "throw");

  await mesh.apply(entry(100));
  expect(mesh.chain.status).toMatchObject([
    { obstacle: undefined, ready: true, gray: { obstacle: "throw" } },
  ]);
  expect(mesh.configuration.status.inForce?.loads).toMatchObject([
    { part: "base", state: "serving" },
    { part: "gray", state: "failed", cause: "throw" },
  ]);

  mesh.registry.failing.clear();
  mesh.clock.advance(60_000);
  await mesh.configuration.idle();
  expect(mesh.chain.status).toMatchObject([{ gray: { obstacle: undefined } }]);
});

test("a base that cannot be loaded keeps the base of before, never the gray version", async () => {
  await using mesh = new ConfiguredChain([BASE, GRAY, testPackage("guard", { version: "2.0.0" })]);
  await mesh.apply(entry(10));
  mesh.registry.failing.set("guard@2.0.0", "throw");

  await mesh.apply({ plugin: "guard", version: "2.0.0" });

  expect(mesh.serving).toEqual(["guard 1.0.0 ok"]);
});

test("at the start the base has the share of a version that is not there; later it refuses the snapshot", async () => {
  await using mesh = new ConfiguredChain([BASE]);
  await mesh.apply(entry(100));
  expect(mesh.serving).toEqual(["guard 1.0.0 ok"]);

  await mesh.apply({ plugin: "guard", version: "1.0.0" });
  await mesh.apply(entry(100));
  expect(mesh.problems).toEqual([
    "chain[0].gray.version: there is no guard 1.1.0 among the packages, only 1.0.0",
  ]);
});

test("a config that only the gray version's schema refuses, refuses the snapshot", async () => {
  const needsLevel = { type: "object", properties: { level: {} }, required: ["level"] };
  const strict = testPackage("guard", {
    version: "1.1.0",
    configSchema: needsLevel,
  });
  await using mesh = new ConfiguredChain([BASE, strict]);
  await mesh.apply(entry(100));
  expect(mesh.problems).toEqual([expect.stringMatching(/^chain\[0\]\.config: must have .*level/)]);
});
