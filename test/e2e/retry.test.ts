import { afterAll, beforeAll, expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { HOST_KILLERS } from "../support/bombs.ts";
import { TestMesh } from "../support/mesh.ts";

const GOOD = "export default { execute() {} };";
const THROWS = 'export default { init() { throw new Error("no table yet"); }, execute() {} };';
const KILLS = `export default { init() { ${HOST_KILLERS["an enormous array"]} }, execute() {} };`;

interface Dump {
  readonly configuration: {
    readonly inForce?: { readonly loads: readonly { plugin: string; cause?: string }[] };
  };
}

let app: TestApp;
let mesh: TestMesh;

beforeAll(async () => {
  app = await TestApp.start();
  mesh = await TestMesh.start({
    app: app.port,
    plugins: { good: { source: GOOD }, broken: { source: THROWS }, idle: { source: GOOD } },
    chain: [{ plugin: "good" }, { plugin: "broken" }, { plugin: "idle", mode: "off" }],
  });
});

afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

async function retry(plugin: string): Promise<readonly [status: number, body: unknown]> {
  const response = await fetch(`http://127.0.0.1:${mesh.admin}/plugins/${plugin}/retry`, { method: "POST" });
  return [response.status, await response.json()];
}

test("a plugin that is not in the chain is unknown", async () => {
  expect(await retry("nobody")).toEqual([404, { error: "there is no plugin nobody" }]);
});

test("a plugin that serves, and one that is off, have nothing to retry", async () => {
  expect(await retry("good")).toMatchObject([409, { error: expect.stringContaining("good is serving") }]);
  expect(await retry("idle")).toMatchObject([409, { error: expect.stringContaining("idle is off") }]);
});

test("a plugin that could not be loaded is tried again at once", async () => {
  expect(await retry("broken")).toEqual([202, { plugin: "broken", retrying: true, cause: "throw" }]);
});

test("a new version that was quarantined is let back, although the one before it serves", async () => {
  await mesh.plugin("good", { source: KILLS, version: "1.1.0" });
  await mesh.until("/config_dump", ({ configuration }: Dump) =>
    (configuration.inForce?.loads ?? []).some(
      ({ plugin, cause }) => plugin === "good" && cause === "quarantined",
    ),
  );

  expect(await retry("good")).toEqual([202, { plugin: "good", retrying: true, cause: "quarantined" }]);
});
