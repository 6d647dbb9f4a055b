import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { Generation } from "../../../sidecar/chain/generation.ts";
import { inWords, IsolateMesh, until } from "../../support/isolate-mesh.ts";

const command = {
  file: process.execPath,
  args: [fileURLToPath(new URL("../../processes/rogue-host.ts", import.meta.url))],
  env: {},
};

let mesh: IsolateMesh;
let plugin: Generation;

beforeAll(async () => {
  mesh = new IsolateMesh({ command });
  plugin = await mesh.load("rogue", "");
});
afterAll(() => mesh[Symbol.asyncDispose]());

const ask = async (path: string) => (await mesh.verdicts([plugin], { path })).map(inWords);

test.each(["/smuggle", "/name", "/framing", "/mesh", "/many", "/nonsense", "/status", "/body"])(
  "an illegal answer does not pass, although the host says that it was checked: %s",
  async (path) => {
    expect(await ask(path)).toEqual(["failed invalid_answer"]);
  },
);

test.each(["/few", "/garbage", "/hang-up", "/leave"])(
  "a host that breaks the protocol is replaced, and the run is asked again: %s",
  async (path) => {
    await mesh.settled();
    const { promotions } = mesh.runtime.status;

    expect(await ask(path)).toEqual(["allow"]);
    await until(() => mesh.runtime.status.promotions === promotions + 1);
  },
);

test("a flood of what nobody asked for is passed over", async () => {
  await mesh.settled();
  const { promotions } = mesh.runtime.status;

  expect(await ask("/flood")).toEqual(["allow"]);
  expect(await ask("/")).toEqual(["allow"]);
  expect(mesh.runtime.status.promotions).toBe(promotions);
});
