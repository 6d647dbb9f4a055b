import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expect, test } from "vitest";

const SLUICE = fileURLToPath(new URL("sluice.js", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function sluice(...args: readonly string[]): Promise<Ended> {
  return node(SLUICE, ...args);
}

async function node(...args: readonly string[]): Promise<Ended> {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, args)) };
  } catch (error) {
    return error as Ended;
  }
}

test("an older Node is told in one line what to do", async () => {
  const pretend = 'Object.defineProperty(process.versions, "node", { value: "20.20.2" });';
  const ended = await node("--eval", `${pretend} import(${JSON.stringify(SLUICE)});`);

  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/^sluice: needs Node 26, this is 20\.20\.2: run it with npx .*\n$/);
});

test("version names Sluice and the Node that runs it", async () => {
  const { code, stdout } = await sluice("version");

  expect(code).toBe(0);
  expect(stdout).toBe(`sluice 0.1.0 (node ${process.versions.node})\n`);
});

test("help lists the commands", async () => {
  const { code, stdout } = await sluice("--help");

  expect(code).toBe(0);
  expect(stdout).toMatch(/up .*demo app[\s\S]*sidecar .*in front of an app[\s\S]*version/);
});

test.for([
  [["upp"], "Did you mean up?"],
  [["up", "--inbuond", "1"], "Did you mean --inbound?"],
  [["up", "left"], "too many arguments"],
])("calling it in a way there is not ends with 2 and a hint: %j", async ([args, hint]) => {
  const ended = await sluice(...(args as readonly string[]));

  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(hint);
});

test("a zip of 2 GiB is not read into memory to be sent", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-push-"));
  try {
    const zip = join(folder, "big.zip");
    await writeFile(zip, "");
    await truncate(zip, 2 ** 31);
    const ended = await sluice("--server", "http://127.0.0.1:1", "plugin", "push", zip, "--name", "big");

    expect([ended.code, ended.stderr]).toEqual([6, expect.stringMatching(/^sluice: cannot reach .*\n$/)]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a value that cannot be is refused before anything starts", async () => {
  const ended = await sluice("up", "--inbound", "nowhere");

  expect(ended.code).toBe(2);
  expect(ended.stderr).toBe(
    'sluice: --inbound: expected an address such as 127.0.0.1:15101, not "nowhere"\n',
  );
});

test("a port that is taken is named with the flag that changes it", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const { port } = squatter.address() as AddressInfo;

  const ended = await sluice("up", "--app", `127.0.0.1:${port}`);
  squatter.close();

  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain(
    `the demo app cannot listen on 127.0.0.1:${port}: the port is taken; choose another with --app`,
  );
});

test("Ctrl-C ends what waits for an answer, at once", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const env = { ...process.env, SLUICE_TOKEN: "sl_token" };
  const child = spawn(process.execPath, [SLUICE, "--server", `http://127.0.0.1:${port}`, "get", "nodes"], {
    env,
  });
  const ended = once(child, "exit");
  await once(server, "connection");

  child.kill("SIGINT");

  expect(await ended).toEqual([null, "SIGINT"]);
  server.close();
});
