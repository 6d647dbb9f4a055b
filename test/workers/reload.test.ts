import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { tagger } from "../support/file-mesh.ts";
import type { TestMesh } from "../support/mesh.ts";
import { SteadyLoad } from "../support/steady-load.ts";
import { tagOf, tagsOfBoth, twoWorkers, workerPid } from "../support/worker-mesh.ts";

const PLUGINS = { tag: { source: tagger("one") }, other: { source: tagger("other") } };
const BROKEN = `export default { init() { throw new Error("no"); }, execute: () => ({}) };`;

/** Resolves when the supervisor says that this many configurations took effect. */
async function applied(mesh: TestMesh, count: number): Promise<void> {
  const results = (): Promise<number> => mesh.metric("sluice_config_results_total", { result: "applied" });
  while ((await results()) < count);
}

test("a reload under traffic fails nothing, and from the supervisor's word on every answer is new", async () => {
  await using app = await TestApp.start();
  const chain = (plugin: string): Readonly<Record<string, unknown>>[] => [{ plugin }];
  await using mesh = await twoWorkers({ app: app.port, plugins: PLUGINS, chain: chain("tag") });
  const load = new SteadyLoad({
    port: mesh.inbound,
    connections: 4,
    check: ({ status }) => expect(status).toBe(200),
  });
  await using ending = new AsyncDisposableStack();
  ending.defer(async () => void (await load.stop()));
  await load.reached(50);

  for (let round = 1; round <= 4; round++) {
    const [plugin, tag] = round % 2 === 0 ? ["tag", "one"] : ["other", "other"];
    await mesh.configure({ chain: chain(plugin) });
    await applied(mesh, round + 1);
    expect(new Set(await tagsOfBoth(mesh))).toEqual(new Set([tag]));
  }

  expect(Object.fromEntries(await load.stop())).toEqual({ ok: load.total });
});

test("an edited plugin takes effect in both workers", async () => {
  await using app = await TestApp.start();
  await using mesh = await twoWorkers({ app: app.port, plugins: { tag: PLUGINS.tag } });

  await mesh.plugin("tag", { source: tagger("two") });
  while ((await tagOf(mesh)) !== "two");

  expect(new Set(await tagsOfBoth(mesh))).toEqual(new Set(["two"]));
});

test("a file that is wrong is refused once for all, and the old goes on in both workers", async () => {
  await using app = await TestApp.start();
  await using mesh = await twoWorkers({ app: app.port, plugins: { tag: PLUGINS.tag } });

  await mesh.configure({ chain: [{ plugin: "tag", config: { secret: { fromEnv: "NOT_THERE" } } }] });
  await mesh.child.line(/configuration refused.*NOT_THERE|NOT_THERE.*configuration refused/);

  expect(new Set(await tagsOfBoth(mesh))).toEqual(new Set(["one"]));
  expect(mesh.child.output.split("configuration refused")).toHaveLength(2);
  expect(await (await mesh.ask("/config_dump")).json()).toMatchObject({
    configuration: { lastApplied: false },
  });
});

test("a worker in another's place runs the version that a broken edit left in force", async () => {
  await using app = await TestApp.start();
  await using mesh = await twoWorkers({ app: app.port, plugins: { tag: PLUGINS.tag } });
  const dead = await workerPid(mesh, 1);
  await writeFile(join(mesh.folder, "plugins/tag/src/plugin.ts"), BROKEN);
  await mesh.child.line(/plugin not loaded as configured/);

  process.kill(dead, "SIGKILL");
  await workerPid(mesh, 1, dead);

  expect(new Set(await tagsOfBoth(mesh))).toEqual(new Set(["one"]));
  expect((await mesh.ask("/ready")).status).toBe(200);
});
