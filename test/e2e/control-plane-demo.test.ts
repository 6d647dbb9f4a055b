import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test, vi } from "vitest";

import { ConfiguredDemo } from "../support/configured-demo.ts";

const answerOf = async (url: string): Promise<number> => (await fetch(url)).status;

test("a release goes from push to rollback by the command, as two people", { timeout: 120_000 }, async () => {
  await using demo = await ConfiguredDemo.start();
  const url = await demo.url("/private");
  const folder = await demo.pluginCopy("token-guard", "1.9.0", (source) => source.replace("401", "403"));

  const pushed = await demo.sluice("plugin", "push", folder);
  expect(pushed.stdout).toMatch(/token-guard\s+1\.9\.0\s+sha256:[0-9a-f]{64}/);

  const created = await demo.sluice("release", "create", "token-guard@1.9.0", "--full");
  const [, id = ""] = /^(\d+)\s+demo\s+token-guard@1\.9\.0\s+PENDING_APPROVAL/m.exec(created.stdout) ?? [];
  const own = await demo.sluice("release", "approve", id);
  expect([own.code, own.stderr]).toEqual([3, expect.stringContaining("another person with role approver")]);

  await demo.ops("release", "approve", id);
  await demo.ops("release", "download", id);
  await demo.ops("release", "status", id, "-w");
  expect(await answerOf(url)).toBe(401);
  await demo.ops("release", "activate", id);
  await demo.ops("release", "status", id, "-w");
  expect(await answerOf(url)).toBe(403);

  expect(await demo.ops("release", "complete", id)).toContain("DONE");
  const back = await demo.ops("release", "rollback", id);
  const [, rollback = ""] = /^(\d+)\s+demo\s+token-guard@/m.exec(back) ?? [];
  await demo.ops("release", "status", rollback, "-w");
  expect(await answerOf(url)).toBe(401);
  expect(await demo.ops("wait", "--for=converged")).toContain("1 of 1 synced");
});

test("a raised version is left to people, edits of the source are not", { timeout: 120_000 }, async () => {
  await using demo = await ConfiguredDemo.start();
  const url = await demo.url("/private");

  await demo.edit("token-guard/plugin.yaml", (text) => text.replace(/^version: .*$/m, "version: 1.9.0"));
  await demo.child.line(/^token-guard@1\.9\.0 is yours to release/);
  expect(await answerOf(url)).toBe(401);
  await demo.edit("token-guard/src/plugin.ts", (source) => source.replace("401", "403"));
  await demo.child.line(/^token-guard@1\.9\.0-dev\.[0-9a-f]{8} is in force/);
  await vi.waitUntil(async () => (await answerOf(url)) === 403, { timeout: 60_000 });
  await demo.editBeside("token-guard/plugin.yaml", (text) => text.replace("1.9.0", "1.10.0"));
  await demo.child.line(/^token-guard@1\.10\.0 is yours to release/);

  await demo.sluice("plugin", "push", join(demo.folder, "plugins/token-guard"));
  const created = await demo.sluice("release", "create", "token-guard@1.10.0", "--gray", "50%");
  expect([created.code, created.stdout]).toEqual([0, expect.stringContaining("PENDING_APPROVAL")]);
});

test("an edit that comes while the one before is on its way is released behind it", async () => {
  await using demo = await ConfiguredDemo.start();
  const url = await demo.url("/private");

  await demo.edit("token-guard/src/plugin.ts", (source) => source.replace("401", "402"));
  await demo.child.line(/"state":"ACTIVATING".*token-guard 1\.0\.0-dev/);
  await demo.edit("token-guard/src/plugin.ts", (source) => source.replace("402", "403"));

  await expect.poll(() => answerOf(url), { timeout: 60_000 }).toBe(403);
}, 120_000);

test("plugins are degraded, disabled, removed and enabled again", { timeout: 120_000 }, async () => {
  await using demo = await ConfiguredDemo.start();
  const url = await demo.url("/private");

  await demo.ops("plugin", "degrade", "token-guard");
  await demo.ops("wait", "--for=converged");
  expect(await answerOf(url)).toBe(200);
  await demo.ops("plugin", "enable", "token-guard");
  await demo.ops("wait", "--for=converged");
  expect(await answerOf(url)).toBe(401);
  await demo.ops("plugin", "remove", "token-guard");
  await demo.ops("wait", "--for=converged");
  expect(await answerOf(url)).toBe(200);

  expect(await demo.ops("describe", "node", "demo-1")).not.toMatch(/token-guard\s+\S+\s+RUNNING/);
});

test("what runs, who did what and what went wrong can be read", { timeout: 120_000 }, async () => {
  await using demo = await ConfiguredDemo.start();

  expect(await demo.ops("get", "nodes")).toMatch(/demo-1\s+demo\s+demo-app\s.*ONLINE\s+SYNCED\s.*3 ok/);
  expect(await demo.ops("describe", "plugin", "header-tag")).toMatch(/demo-1\s+demo\s+\S+\s+RUNNING/);
  expect(await demo.ops("audit", "--action", "release.approve")).toMatch(/ops\s+release\.approve\s+accepted/);
  const missing = await demo.sluice("describe", "plugin", "header-tga");
  expect([missing.code, missing.stderr]).toEqual([4, expect.stringContaining("header-tag")]);
  const mode = (await stat(join(demo.folder, ".sluice/contexts.yaml"))).mode & 0o777;
  expect(mode).toBe(0o600);
  expect(await demo.child.end("SIGINT")).toBe(0);
});

test(
  "an edit of an example is released, one that is wrong is told, and undoing it goes back",
  { timeout: 120_000 },
  async () => {
    await using demo = await ConfiguredDemo.start();
    const url = await demo.url("/private");
    const source = join(demo.folder, "plugins/token-guard/src/plugin.ts");
    const original = await readFile(source, "utf8");

    await writeFile(source, original.replace("401", "403"));
    await demo.child.line(/^token-guard@1\.0\.0-dev\.[0-9a-f]{8} is in force/);
    await demo.child.line(/"state":"ACTIVE".*token-guard 1\.0\.0-dev/);
    expect(await answerOf(url)).toBe(403);
    await writeFile(source, `${original} syntax error(`);
    await demo.child.line(/^token-guard: .*src\/plugin\.ts:\d+:\d+: Expected/);
    await writeFile(source, original);
    await demo.child.line(/^token-guard@1\.0\.0 is in force/);
    await demo.ops("wait", "--for=converged");

    await expect.poll(() => answerOf(url)).toBe(401);
  },
);

test("a demo that is killed leaves nothing behind that holds its ports", { timeout: 120_000 }, async () => {
  await using demo = await ConfiguredDemo.start();
  const inbound = await demo.url("/echo");
  const [, api = ""] = await demo.child.line(/The control plane is on (http:\S+);/);

  await demo.child.end("SIGKILL");

  const isGone = (url: string): Promise<boolean> =>
    fetch(url).then(
      () => false,
      () => true,
    );
  await expect.poll(() => isGone(inbound), { timeout: 60_000 }).toBe(true);
  await expect.poll(() => isGone(`${api}/api/v1/health`), { timeout: 60_000 }).toBe(true);
});
