import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { ConfiguredDemo } from "../support/configured-demo.ts";

const APP = "demo/app.ts";
const SIDECAR = "sidecar/main.ts";

test("Ctrl-C before the examples are in force ends it in order", async () => {
  await using demo = await ConfiguredDemo.begin();
  await demo.child.line(/"state":"DOWNLOADED"/);

  expect(await demo.child.end("SIGINT")).toBe(0);

  expect(demo.child.output).toMatch(/^draining …; Ctrl-C again cuts short what is still open$/m);
  expect(demo.child.output).not.toMatch(/Sluice is up|^sluice: |"level":50/m);
}, 120_000);

test("whoever reads it goes away: it drains as if it had been told to end", async () => {
  await using demo = await ConfiguredDemo.start();
  const url = await demo.url("/echo");
  const metrics = new URL("/metrics", await demo.url("/plugins"));
  const slow = fetch(new URL("/slow?ms=2000", url));
  await expect
    .poll(async () => (await fetch(metrics)).text())
    .toContain('sluice_exchanges_in_flight{listener="inbound"} 1');

  demo.child.process.stdout?.destroy();
  const ended = once(demo.child.process, "exit");
  await fetch(url);

  expect((await slow).status).toBe(200);
  expect(await ended).toEqual([0, null]);
}, 120_000);

test("traffic goes on when the control plane is killed, and that it is gone is said", async () => {
  await using demo = await ConfiguredDemo.start();
  const url = await demo.url("/private");
  const owner = await readFile(join(demo.folder, ".sluice/control-plane/owner.pid"), "utf8");

  process.kill(Number(owner), "SIGKILL");
  await demo.child.line(/^The control plane has ended; .*npx sluice control-plane --folder/);

  expect((await fetch(url)).status).toBe(401);
  expect(await demo.child.end("SIGINT")).toBe(0);
}, 120_000);

test.for([
  [
    SIDECAR,
    "SIGKILL",
    10,
    "the sidecar was ended by SIGKILL, by somebody or for want of memory; what it did",
  ],
  [APP, "SIGINT", 1, "the demo app was asked to end, by a signal or otherwise, and not from here"],
] as const)(
  "%s that gets %s ends the demo, which says so at once, and why",
  { timeout: 120_000 },
  async ([script, signal, code, why]) => {
    await using demo = await ConfiguredDemo.start();
    const exited = once(demo.child.process, "close");

    process.kill(await demo.partOf(script), signal);

    await demo.child.line(/^the (sidecar|demo app) has ended: so does the rest$/i);
    await demo.child.line(new RegExp(`^sluice: ${why}`));
    expect(await exited).toEqual([code, null]);
  },
);
