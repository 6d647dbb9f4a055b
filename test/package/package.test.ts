import { execFile } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Child } from "../support/child.ts";
import { consumerLock } from "../support/consumer-lock.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NOT_COPIED = /\/(node_modules|\.git|\.sluice|dist|coverage)(\/|$)|\.tgz$/;
const MINUTES = 60_000;
const run = promisify(execFile);

let folder: TemporaryFolder;
let consumer: string;

/** Packs a copy of the tree, since others test the tree meanwhile, and installs the tarball into an empty folder. */
beforeAll(async () => {
  folder = await TemporaryFolder.create();
  const tree = folder.join("tree");
  await cp(ROOT, tree, { recursive: true, filter: (path) => !NOT_COPIED.test(path.slice(ROOT.length - 1)) });
  await symlink(join(ROOT, "node_modules"), join(tree, "node_modules"));
  const { stdout } = await run(process.execPath, ["scripts/package.ts"], { cwd: tree });
  const tarball = join(tree, stdout.trim().split("\n").at(-1) ?? "");
  const manifest = JSON.parse(await readFile(join(tree, "dist/package.json"), "utf8")) as object;

  consumer = folder.join("consumer");
  await mkdir(consumer);
  const dependencies = { sluice: `file:${tarball}` };
  const own = { name: "consumer", version: "1.0.0", type: "module", dependencies };
  await writeFile(join(consumer, "package.json"), JSON.stringify(own));
  const lock = await consumerLock(join(ROOT, "package-lock.json"), tarball, manifest);
  await writeFile(join(consumer, "package-lock.json"), lock);
  const flags = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  await run("npm", ["ci", ...flags], { cwd: consumer });
}, 10 * MINUTES);

afterAll(() => folder[Symbol.asyncDispose]());

test("the command runs, under the Node that it brings along", async () => {
  const { stdout } = await run("npx", ["--offline", "sluice", "version"], { cwd: consumer });

  expect(stdout).toMatch(/^sluice \S+ \(node 26\./);
});

test(
  "`sluice up` runs app, sidecar, control plane and the example plugins from JavaScript alone",
  async () => {
    const parts = ["app", "inbound", "outbound", "admin", "api", "push"];
    const flags = parts.flatMap((name) => [`--${name}`, "127.0.0.1:0"]);
    const command = join(consumer, "node_modules/sluice/cli/sluice.js");
    await using demo = new Child(process.execPath, [command, "up", ...flags], { cwd: consumer });
    const [, url = ""] = await demo.line(/(http:\/\/\S+\/echo)\s+#/);

    const echo = (await (await fetch(url)).json()) as { headers: [string, string][] };
    const blocked = await fetch(url.replace("/echo", "/private"));

    expect(echo.headers).toContainEqual(["X-WEB-Tag", "demo"]);
    expect(blocked.status).toBe(401);
    expect(await demo.end("SIGINT")).toBe(0);
  },
  2 * MINUTES,
);

test("a new plugin's test passes as the command says, and it can be packed", async () => {
  const sluice = ["--offline", "sluice", "plugin"];
  const { stdout: made } = await run("npx", [...sluice, "new", "my-plugin"], { cwd: consumer });
  const [, told = ""] = /npx (node --test \S+)\n$/.exec(made) ?? [];

  expect((await run("npx", ["--offline", ...told.split(" ")], { cwd: consumer })).stdout).toContain("pass 1");

  await symlink(join(ROOT, "node_modules/esbuild"), join(consumer, "node_modules/esbuild"));
  const { stdout: packed } = await run("npx", [...sluice, "pack", "my-plugin"], { cwd: consumer });
  expect(packed).toContain("my-plugin-1.0.0.zip");
});

const PLUGIN = `import { definePlugin, type PluginRequest } from "sluice/plugin";
import { createHarness } from "sluice/plugin-testing";

const plugin = definePlugin({
  execute(request: PluginRequest) {
    return { headerSet: { "X-WEB-Path": request.path } };
  },
});

await using harness = await createHarness(plugin, { config: {} });
const outcome = await harness.request({ target: "/a" });
if (outcome.kind !== "continue") throw new Error(outcome.kind);
console.log(JSON.stringify(outcome));
`;

test("a plugin is checked against the declarations, and runs in the harness", async () => {
  await writeFile(join(consumer, "plugin.ts"), PLUGIN);
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "esnext"];
  const types = ["--typeRoots", join(ROOT, "node_modules/@types"), "--types", "node"];

  await run(tsc, [...options, ...types, "plugin.ts"], { cwd: consumer });
  const { stdout } = await run(process.execPath, ["plugin.ts"], { cwd: consumer });

  expect(stdout).toContain("X-WEB-Path");
  await writeFile(join(consumer, "wrong.ts"), PLUGIN.replace("request.path", "request.paht"));
  await expect(run(tsc, [...options, ...types, "wrong.ts"], { cwd: consumer })).rejects.toMatchObject({
    stdout: expect.stringContaining("paht"),
  });
});
