import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { packPlugin } from "../../core/packages/pack.ts";
import { ConfiguredDemo } from "../support/configured-demo.ts";

const SOURCE = "token-guard/src/plugin.ts";
const LONG = { timeout: 60_000 };

const answerOf = async (url: string): Promise<number> => (await fetch(url)).status;
const fieldOf = async (url: string, name: string): Promise<string | null> =>
  (await fetch(url)).headers.get(name);

test("what a node refuses is told with the reason, and the next edit takes over", async () => {
  await using demo = await ConfiguredDemo.start();
  const url = await demo.url("/private");

  await demo.edit(SOURCE, (source) => `throw new Error("not this one");\n${source}`);
  await demo.child.line(/^token-guard@\S+ is not in force: demo-1 refuses it .*not this one/);
  await demo.edit(SOURCE, (source) => source.replace(/^throw.*\n/, "").replace("401", "402"));
  await expect.poll(() => answerOf(url), LONG).toBe(402);

  const failing = `init() { throw new Error("nor this one"); },\n  execute(`;
  await demo.edit(SOURCE, (source) => source.replace("execute(", failing));
  await demo.child.line(/^token-guard@\S+ is not in force: demo-1 refuses it .*nor this one/);
  expect(await answerOf(url)).toBe(402);
  await demo.edit(SOURCE, (source) => source.replace(failing, "execute(").replace("402", "403"));
  await expect.poll(() => answerOf(url), LONG).toBe(403);
  expect(await demo.ops("wait", "--for=converged")).toContain("1 of 1 synced");
}, 120_000);

test("edits made while the demo starts, and while it does not run, are in force soon after its start", async () => {
  await using demo = await ConfiguredDemo.begin();
  await demo.child.line(/release 1 \(header-tag/);
  await demo.edit(SOURCE, (source) => source.replace("401", "402"));
  await demo.child.line(/^Sluice is up/);
  await expect.poll(async () => answerOf(await demo.url("/private")), LONG).toBe(402);

  await demo.restart(() => demo.edit(SOURCE, (source) => source.replace("402", "403")));
  await expect.poll(async () => answerOf(await demo.url("/private")), LONG).toBe(403);

  await demo.restart(() => demo.edit(SOURCE, (source) => `${source}\n syntax error(`));
  await demo.child.line(/^token-guard: .*plugin\.ts/);
  expect(await answerOf(await demo.url("/private"))).toBe(403);
}, 120_000);

test("an edit of what a plugin imports from outside the watched folder is in force", async () => {
  await using demo = await ConfiguredDemo.start();
  const url = await demo.url("/private");
  const shared = (status: number): Promise<void> =>
    writeFile(join(demo.folder, "status.ts"), `export const status = ${status};\n`);

  await shared(402);
  const imported = 'import { status } from "../../../status.ts";\n';
  await demo.edit(SOURCE, (source) => imported + source.replace("401", "status"));
  await expect.poll(() => answerOf(url), LONG).toBe(402);
  await shared(403);

  await expect.poll(() => answerOf(url), LONG).toBe(403);
}, 120_000);

test("of many saves in quick succession the last one is in force, whatever became of the others", async () => {
  await using demo = await ConfiguredDemo.start();
  const url = await demo.url("/private");

  for (const status of [402, 403, 404, 405]) {
    await demo.edit(SOURCE, (source) => source.replace(/blockWithJson\(\d+/, `blockWithJson(${status}`));
    await answerOf(url);
  }
  await demo.edit(SOURCE, (source) => `${source}\n syntax error(`);
  await demo.edit(SOURCE, (source) => source.replace("\n syntax error(", "").replace("405", "406"));

  await expect.poll(() => answerOf(url), LONG).toBe(406);
}, 120_000);

test("a package that is put into the folder, as zip or as folder, is added to the chain; one that goes is told", async () => {
  await using demo = await ConfiguredDemo.start();
  const url = await demo.url("/echo");
  const folder = await demo.pluginCopy("header-tag", "2.0.0", (source) =>
    source.replace(/return allow\(/g, 'return allow({ "x-copied": "zip" }); allow('),
  );
  const { zip } = await packPlugin(folder);

  await writeFile(join(demo.folder, "plugins/header-tag-2.0.0.zip"), zip);
  await expect.poll(() => fieldOf(url, "x-copied"), LONG).toBe("zip");

  const own = join(demo.folder, "plugins/own-tag");
  const made = join(demo.folder, "own-tag");
  await cp(join(demo.folder, "plugins/header-tag"), made, { recursive: true });
  await writeFile(
    join(made, "plugin.yaml"),
    "apiVersion: sluice/v1\nkind: Plugin\nname: own-tag\nversion: 1.0.0\nruntime: isolate\npositions: [response]\nfailurePolicy: open\n",
  );
  await rm(join(made, "config.schema.json"));
  await writeFile(
    join(made, "src/plugin.ts"),
    'import { allow, definePlugin } from "sluice/plugin";\nexport default definePlugin({ execute: () => allow({ "x-own": "1" }) });\n',
  );
  await cp(made, own, { recursive: true });
  await expect.poll(() => fieldOf(url, "x-own"), LONG).toBe("1");
  await demo.edit("own-tag/src/plugin.ts", (source) => source.replace('"1"', '"2"'));
  await expect.poll(() => fieldOf(url, "x-own"), LONG).toBe("2");

  await rm(own, { recursive: true });
  await demo.child.line(/^own-tag is gone; .*plugin remove own-tag/);
  expect(await fieldOf(url, "x-own")).toBe("2");
}, 120_000);
