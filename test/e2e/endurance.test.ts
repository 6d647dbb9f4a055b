import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFailed, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { badPackages } from "../support/bad-packages.ts";
import { hostPids } from "../support/host-pids.ts";
import { TestMesh, type TestPlugin } from "../support/mesh.ts";
import { OpenStreams } from "../support/open-streams.ts";
import { SteadyLoad, type LoadAnswer } from "../support/steady-load.ts";

const REQUESTS = 100_000;
const RELOADS = 100;
const HOST_KILLS = 5;
const APP_RESTARTS = 3;

/** This is not about deadlines: a machine that is busy with other tests must not look like a plugin that is slow. */
const PATIENCE = "10s";

/** What a client may hear while the app is down: it reached none, or its request could not be sent again. */
const APP_GONE = ["upstream_refused", "upstream_reset", "upstream_closed_early"];

function steady(generation: number): TestPlugin {
  return {
    source: `export default { execute: () => ({ headerSet: [{ key: "X-Web-Steady", value: ["${generation}"] }] }) };`,
    manifest: { timeout: PATIENCE, cpu: PATIENCE },
  };
}

function check({ status, body, sent }: LoadAnswer): void {
  if (status !== 200) throw new Error(`status ${status}`);
  const answer = JSON.parse(body.toString()) as { headers?: readonly string[]; sha256?: string };
  if (sent !== undefined && answer.sha256 !== sent) throw new Error("the body arrived changed");
  if (sent === undefined && answer.headers?.includes("X-Web-Steady") !== true) throw new Error("not tagged");
}

test(
  "nothing that happens to plugins, hosts or packages is felt by traffic",
  { timeout: 600_000 },
  async () => {
    await using app = await TestApp.start();
    await using mesh = await TestMesh.start({
      app: app.port,
      plugins: { steady: steady(0) },
      // By default 200 ms, which an exchange may wait for a host on a busy machine.
      deadlines: { request: PATIENCE, response: PATIENCE },
      settings: { accessLog: false },
    });
    onTestFailed(() => void process.stderr.write(mesh.child.output.slice(-20_000)));
    await using streams = await OpenStreams.open(mesh.inbound, app);
    await using load = new SteadyLoad({ port: mesh.inbound, connections: 16, check });

    let digest = await mesh.serving("steady");
    for (let reload = 1; reload <= RELOADS; reload++) {
      await mesh.plugin("steady", steady(reload));
      digest = await mesh.serving("steady", digest);
      if (reload % (RELOADS / HOST_KILLS) !== 0) continue;
      await killActiveHost(mesh);
      await streams.exchange(`after reload ${reload}`);
    }
    for (const { name, zip } of badPackages()) await refused(mesh, name, zip);
    expect(await mesh.serving("steady")).toBe(digest);
    await streams.exchange("still open");
    await load.reached(REQUESTS);
    expect(Object.fromEntries(load.outcomes)).toEqual({ ok: expect.any(Number) as number });

    for (let restart = 0; restart < APP_RESTARTS; restart++) {
      await app.restart();
      await load.reached(load.total + 500);
    }
    const outcomes = await load.stop();

    const failed = [...outcomes].filter(([outcome]) => outcome !== "ok");
    expect(failed.filter(([outcome]) => !APP_GONE.includes(outcome))).toEqual([]);
    for (const [error, count] of failed) {
      const counted = await mesh.metric("sluice_exchanges_total", { listener: "inbound", error });
      expect({ error, count: counted }).toEqual({ error, count });
    }
    expect(load.total).toBeGreaterThanOrEqual(REQUESTS);
    expect(await mesh.metric("sluice_host_deaths_total")).toBe(HOST_KILLS);
    process.stdout.write(`${JSON.stringify({ total: load.total, ...Object.fromEntries(outcomes) })}\n`);
  },
);

/** Kills a plugin host from outside and waits until its successor is warm. */
async function killActiveHost(mesh: TestMesh): Promise<void> {
  const before = await hostPids(mesh);
  const [victim] = before;
  if (victim === undefined) throw new Error("no plugin host runs");
  process.kill(victim, "SIGKILL");
  await mesh.until(
    "/plugins",
    ({ hosts }: { hosts: { active: boolean; standby: boolean; hosts: { pid: number }[] } }) =>
      hosts.active && hosts.standby && !hosts.hosts.some(({ pid }) => pid === victim),
  );
}

/** Copies a bad package in, waits until it was refused or failed to load, and takes it away again. */
async function refused(mesh: TestMesh, name: string, zip: Buffer): Promise<void> {
  const path = join(mesh.folder, "plugins/steady.zip");
  const failed = ({ state }: { state: string }): boolean => state === "FAILED";
  await writeFile(path, zip);
  await mesh.until("/plugins", ({ refused: list, generations }: PluginsPage) => {
    return generations.some(failed) || list.some((each) => each.path === path);
  });
  await rm(path);
  await mesh.until("/plugins", ({ refused: list, packages, generations }: PluginsPage) => {
    const gone = packages.every(({ version }) => !version.startsWith("9"));
    return gone && !list.some((each) => each.path === path) && !generations.some(failed);
  });
  process.stdout.write(`refused: ${name}\n`);
}

interface PluginsPage {
  readonly refused: readonly { readonly path: string }[];
  readonly packages: readonly { readonly version: string }[];
  readonly generations: readonly { readonly state: string }[];
}
