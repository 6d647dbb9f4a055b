import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { Generation } from "../../../sidecar/chain/generation.ts";
import { inWords, IsolateMesh } from "../../support/isolate-mesh.ts";

// Whose fault it is when a plugin has no time. The hosts are scripted: what they do, a busy machine makes of real ones.
const command = {
  file: process.execPath,
  args: [fileURLToPath(new URL("../../processes/busy-host.ts", import.meta.url))],
  env: {},
};

let mesh: IsolateMesh;
let plugin: Generation;

beforeAll(async () => {
  mesh = new IsolateMesh({ command });
  plugin = await mesh.load("plugin", "", { cpu: 10, timeout: 50 });
});
afterAll(() => mesh[Symbol.asyncDispose]());

const ask = async (path: string) => (await mesh.verdicts([plugin], { path })).map(inWords);

test("who is cut off for want of the CPU is asked again", async () => {
  expect(await ask("/unlucky")).toEqual(["allow"]);
});

test("who uses its budget bit by bit, cut off each time, is to blame", async () => {
  expect(await ask("/spins")).toEqual(["failed cpu"]);
});

test("a run that waited in a host without the CPU has its time when the host has it again", async () => {
  await mesh.settled();
  // The standby does not have it either, so that nobody else can be asked.
  const probed = new Promise((done) =>
    plugin.probe(mesh.call([plugin], { path: "/stalls", background: true }), done),
  );

  expect(await ask("/stalls")).toEqual(["allow"]);
  await probed;
});

test("time in which the sidecar stood still itself is nobody's fault", async () => {
  await mesh.settled();
  const { active = 0 } = mesh.roles;
  process.kill(active, "SIGSTOP");
  const answer = ask("/");

  standStill(500);
  process.kill(active, "SIGCONT");

  expect(await answer).toEqual(["allow"]);
});

test("a host that takes over has everybody, also those who were cut off while they were loaded", async () => {
  await mesh.settled();
  for (const takeover of [1, 2]) {
    const { active = 0 } = mesh.roles;
    process.kill(active, "SIGKILL");
    await mesh.settled([active]);

    expect([takeover, ...(await ask("/"))]).toEqual([takeover, "allow"]);
  }
});

/** Nothing else of this process runs meanwhile. */
function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
