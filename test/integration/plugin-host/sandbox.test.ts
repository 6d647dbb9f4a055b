import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";

import { hostCommand } from "../../../sidecar/plugin-host/host-command.ts";
import { editsOf, HostDriver } from "../../support/host-driver.ts";

// What a plugin can reach from its isolate, and what one that broke out of it would find in the process.
let host: HostDriver;
beforeAll(async () => {
  host = await HostDriver.start();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

test("the globals are the language's and ours, and nothing else", async () => {
  const shows = `({ httpCode: 200, body: Object.getOwnPropertyNames(globalThis).join(" ") })`;
  const plugin = await host.loadNew(`export default { execute: () => ${shows} }`, { fetch: ["https://x/*"] });

  const { results } = await host.run([plugin]);

  const names = String(results[0]?.body).split(" ").toSorted();
  const language = names.filter((name) => /^[A-Z]/.test(name) || name in globalThis);
  expect(names.filter((name) => !language.includes(name))).toEqual([]);
  for (const gone of [
    "WebAssembly",
    "SharedArrayBuffer",
    "Atomics",
    "FinalizationRegistry",
    "process",
    "require",
    "Buffer",
  ])
    expect(names).not.toContain(gone);
});

test.for([
  "({}).constructor.constructor('return process')()",
  "(async () => {}).constructor('return process')() && Function('return process')()",
  "(0, eval)('process')",
  "new Function('return require(\"fs\")')()",
  "globalThis.constructor.constructor('return global.process')().mainModule",
  "setTimeout.constructor('return process')()",
  "request.constructor.constructor('return process')()",
  "context.log.info.constructor('return process')()",
  "context.fetch.constructor('return process')()",
  "request.headers.get.constructor('return globalThis.process.binding')()",
  "Error.prepareStackTrace = (_, sites) => sites; new Error().stack[0].getThis().process.pid",
  "(function () { return arguments.callee.caller.constructor('return process')(); })()",
  "console.log.constructor('return this')().process.pid",
  "new (class extends (request.constructor) {})('a').process.pid",
])("%s finds nothing", async (attempt) => {
  const source = `export default { execute(request, context) { if (request.smoke) return; ${attempt.includes(";") ? attempt : `return { httpCode: 200, body: String(${attempt}) }`} } }`;
  const plugin = await host.loadNew(source, { fetch: ["https://x/*"] });

  const { results } = await host.run([plugin]);

  expect(results[0]?.failure?.cause).toBe("throw");
});

test("nothing can be imported", async () => {
  const source = `export default { async execute(request) {
    if (request.smoke) return;
    const tried = ["node:fs", "world", "./world.ts", "sluice:world", "data:text/javascript,0"];
    const said = await Promise.all(tried.map((name) => import(name).then(() => "found", () => "nothing")));
    return { httpCode: 200, body: said.join() };
  } }`;
  const plugin = await host.loadNew(source);

  const { results } = await host.run([plugin]);

  expect(String(results[0]?.body)).toBe("nothing,nothing,nothing,nothing,nothing");
});

test("plugins of one host share no object", async () => {
  const marks = await host.loadNew(
    "globalThis.mark = Object.prototype.mark = 1; export default { execute() {} }",
  );
  const looks = await host.loadNew(
    "export default { execute: () => ({ headerSet: { 'x-web-mark': String(globalThis.mark ?? {}.mark) } }) }",
  );

  const { results } = await host.run([marks, looks]);

  expect(editsOf(results[1])[0]?.values).toEqual(["undefined"]);
});

test("in the host's process there is no file system, no network, no child, no worker and no environment", async () => {
  const found = await inHostProcess(`
    const fs = await import("node:fs"); const net = await import("node:net"); const http = await import("node:http");
    const dgram = await import("node:dgram"); const child = await import("node:child_process");
    const { Worker } = await import("node:worker_threads"); const dns = await import("node:dns/promises");
    const inspector = await import("node:inspector");
    const failure = (event) => new Promise((resolve) => { event.on("error", (error) => resolve(error.code)); event.on("connect", () => resolve("connected")); });
    const tries = {
      readOwnCode: () => fs.readFileSync(process.argv[1]),
      readFile: () => fs.readFileSync("/etc/passwd"),
      listFolder: () => fs.readdirSync("/"),
      readAddon: () => process.dlopen({ exports: {} }, "/nowhere.node"),
      writeFile: () => fs.writeFileSync("/tmp/sluice-escaped", "x"),
      writeOwnFile: () => fs.writeFileSync("/proc/self/timerslack_ns", "1"),
      spawn: () => child.spawnSync("/bin/true").error?.code ?? "spawned",
      worker: () => new Worker("0", { eval: true }),
      connect: () => failure(net.connect(1, "127.0.0.1")),
      listen: () => new Promise((resolve) => { const server = net.createServer(); server.on("error", (error) => resolve(error.code)); server.listen(0, () => resolve("listening")); }),
      http: () => failure(http.get("http://127.0.0.1:1/")),
      udp: () => new Promise((resolve) => { const socket = dgram.createSocket("udp4"); socket.on("error", (error) => resolve(error.code)); socket.bind(0, () => resolve("bound")); }),
      dns: () => dns.lookup("localhost"),
      inspector: () => inspector.open(0),
    };
    const found = { environment: Object.keys(process.env) };
    for (const [name, attempt] of Object.entries(tries))
      try { const got = await attempt(); found[name] = typeof got === "string" ? got : "done"; } catch (error) { found[name] = error.code ?? error.message; }
    return found;
  `);

  const denied = "ERR_ACCESS_DENIED";
  expect(found).toEqual({
    environment: [],
    readOwnCode: denied,
    readFile: denied,
    listFolder: denied,
    readAddon: expect.stringMatching(/ERR_/) as string,
    writeFile: denied,
    writeOwnFile: denied,
    spawn: denied,
    worker: denied,
    connect: denied,
    listen: denied,
    http: denied,
    udp: denied,
    dns: denied,
    inspector: denied,
  });
});

/** Runs a script in a process started as a host is, after it said Hello. */
async function inHostProcess(script: string): Promise<unknown> {
  const { file, args, env } = hostCommand();
  const spy = `
    const write = process.stdout.write.bind(process.stdout);
    const tries = async () => { ${script} };
    setTimeout(async () => { write(JSON.stringify(await tries()) + "\\n"); }, 1000);
  `;
  const breadcrumb = openSync("/dev/null", "r+");
  const child = spawn(file, [`--import=data:text/javascript,${encodeURIComponent(spy)}`, ...args], {
    env,
    cwd: "/",
    stdio: ["ignore", "pipe", "inherit", "pipe", breadcrumb],
  });
  const link = child.stdio[3] as Socket;
  await once(link, "data");
  const [line] = (await once(child.stdout ?? link, "data")) as [Buffer];
  child.kill("SIGKILL");
  await once(child, "close");
  closeSync(breadcrumb);
  return JSON.parse(line.toString());
}
