import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { Child } from "../support/child.ts";
import { RawSocket } from "../support/raw-socket.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FREE = ["app", "inbound", "outbound", "admin"].flatMap((name) => [`--${name}`, "127.0.0.1:0"]);

/** `sluice up` on free ports, with a copy of the examples that a test may edit. */
class Demo implements AsyncDisposable {
  readonly child: Child;
  readonly folder: string;

  private constructor(child: Child, folder: string) {
    this.child = child;
    this.folder = folder;
  }

  static async start(...flags: readonly string[]): Promise<Demo> {
    // Inside the repository, where plugins find the SDK.
    await mkdir(join(ROOT, ".sluice"), { recursive: true });
    const folder = await mkdtemp(join(ROOT, ".sluice/up-"));
    await cp(join(ROOT, "plugins-example"), join(folder, "plugins"), { recursive: true });
    const config = await readFile(join(ROOT, "deploy/demo/mesh.yaml"), "utf8");
    await writeFile(join(folder, "mesh.yaml"), config.replace("../../plugins-example", "plugins"));
    const args = [
      join(ROOT, "cli/sluice.js"),
      "up",
      ...FREE,
      "--config",
      join(folder, "mesh.yaml"),
      ...flags,
    ];
    return new Demo(new Child(process.execPath, args), folder);
  }

  /** The address that the printed curl lines name for a path. */
  async url(path: string): Promise<string> {
    const [, url = ""] = await this.child.line(new RegExp(`(http://\\S+${path})\\s+#`));
    return url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.end("SIGTERM");
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Asks until the answer is another one; how long that took, ms. */
async function untilStatus(url: string, status: number): Promise<number> {
  const began = performance.now();
  while ((await fetch(url)).status !== status);
  return performance.now() - began;
}

test("a newcomer's first minutes: it is up, tags, blocks, lets pass, reloads an edit and ends with 0", async () => {
  await using demo = await Demo.start();
  const echo = await fetch(await demo.url("/echo"));
  const { headers } = (await echo.json()) as { headers: [string, string][] };
  const privateUrl = await demo.url("/private");
  const blocked = await fetch(privateUrl);
  const passed = await fetch(privateUrl, { headers: { cookie: "a=b; token=let-me-in" } });

  expect(headers).toContainEqual(["X-WEB-Tag", "demo"]);
  expect(echo.headers.get("x-web-served-by")).toBe("sluice");
  expect([blocked.status, blocked.headers.get("content-type")]).toEqual([401, "application/json"]);
  expect(await blocked.json()).toEqual({ error: "token_missing", cookie: "token" });
  expect(passed.status).toBe(200);

  const guard = join(demo.folder, "plugins/token-guard/src/plugin.ts");
  await writeFile(guard, (await readFile(guard, "utf8")).replace("401", "403"));
  expect(await untilStatus(privateUrl, 403)).toBeLessThan(10_000);

  expect(await demo.child.end("SIGINT")).toBe(0);
  expect(demo.child.output).toContain('"msg":"drained"');
  await expect(fetch(privateUrl)).rejects.toThrow("fetch failed");
});

test("the app reaches others through the outbound side", async () => {
  await using demo = await Demo.start();
  const [, proxy = "", target = ""] = await demo.child.line(/curl -x http:\/\/(\S+) (http:\S+)/);

  const { stdout } = await promisify(execFile)("curl", ["-sS", "-x", `http://${proxy}`, target]);

  expect(JSON.parse(stdout)).toMatchObject({ method: "GET", path: "/echo" });
});

test("a port that is taken is named with the flag that changes it, and nothing is left running", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const taken = `127.0.0.1:${(squatter.address() as AddressInfo).port}`;
  await using demo = await Demo.start("--inbound", taken);

  await once(demo.child.process, "close");
  squatter.close();

  expect(demo.child.process.exitCode).toBe(1);
  expect(demo.child.output).toContain(
    `cannot listen on ${taken}: the port is taken; choose another with --inbound`,
  );
});

test("Ctrl-C a second time waits for nobody, and leaves nothing running", async () => {
  await using demo = await Demo.start();
  const { host, port } = new URL(await demo.url("/echo"));
  await using client = await RawSocket.connect(Number(port));
  client.write(`POST /echo HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n`);
  await client.untilText("100 Continue");

  demo.child.process.kill("SIGINT");
  await demo.child.line(/"msg":"draining"/);

  // Within a second of the first it is still the same one, told by npm too; a third would end what is ending.
  const second = performance.now() + 1_000;
  let isSent = false;
  const again = (): number | null => {
    if (!isSent && performance.now() > second) isSent = demo.child.process.kill("SIGINT");
    return demo.child.process.exitCode;
  };
  await expect.poll(again, { timeout: 60_000 }).toBe(130);
  await client.untilEnd();
}, 120_000);

test("an npm script runs under Node 26, whatever Node the machine has", async () => {
  const { stdout } = await promisify(execFile)("npm", ["run", "--silent", "sluice", "--", "version"], {
    cwd: ROOT,
  });

  expect(stdout).toMatch(/^sluice \S+ \(node 26\./);
});
