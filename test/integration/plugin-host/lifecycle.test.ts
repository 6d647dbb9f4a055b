import { readFileSync } from "node:fs";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { KeyValueChanges } from "../../../sidecar/plugin-host/protocol/messages.ts";
import { residentBytes } from "../../../sidecar/plugins/isolate/process-usage.ts";
import { editsOf, HostDriver } from "../../support/host-driver.ts";

// From Load to Unloaded. One host for all: nothing here harms it.
let host: HostDriver;
beforeAll(async () => {
  host = await HostDriver.start();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

test.runIf(process.platform === "linux")("a host's timers go off together: few are waited for", () => {
  expect(readFileSync(`/proc/${host.pid}/timerslack_ns`, "utf8").trim()).toBe("4000000");
});

test.for([
  ["a syntax error", "export default {", "throw", "Unexpected end of input [plugin-1.js:1:17]"],
  ["a script that throws", `throw new Error("top")`, "throw", "top"],
  ["a script that throws after an await", `await null; throw new Error("later")`, "throw", "later"],
  [
    "a script that never gets to its export",
    "await new Promise(() => {}); export default {}",
    "throw",
    "waits for something at its top level",
  ],
  ["no default export", "export const execute = () => {}", "throw", "default export"],
  ["a default export that is no object", "export default 1", "throw", "default export"],
  ["no execute", "export default { init() {} }", "throw", "execute"],
  ["an execute that is no function", "export default { execute: 1 }", "throw", "execute must be a function"],
  [
    "an import",
    `import x from "node:fs"; export default { execute() {} }`,
    "throw",
    "cannot import 'node:fs'",
  ],
  [
    "an init that throws",
    `export default { init() { throw new Error("bad init"); }, execute() {} }`,
    "throw",
    "bad init",
  ],
  [
    "an init that rejects",
    `export default { async init() { await null; throw new Error("bad init"); }, execute() {} }`,
    "throw",
    "bad init",
  ],
  [
    "an init that never ends",
    "export default { init: () => new Promise(() => {}), execute() {} }",
    "timeout",
    "no answer after 300 ms",
  ],
  [
    "a smoke call that throws",
    `export default { execute() { throw new Error("not me"); } }`,
    "throw",
    "not me",
  ],
  [
    "a smoke call with an invalid answer",
    "export default { execute: () => 1 }",
    "invalid_answer",
    "expected an object",
  ],
] as const)("%s fails the load and says why", async ([, source, cause, says]) => {
  const { error } = await host.load(1, source, { hookTimeoutMs: 300 });
  host.frames.length = 0;

  expect(error?.cause).toBe(cause);
  expect(error?.detail).toContain(says);
  expect((await host.run([1])).results[0]?.failure?.cause).toBe("not_loaded");
  host.frames.length = 0;
});

test("init has config, tag, positions and names, and may wait", async () => {
  const source = `let seen;
    export default {
      async init({ config, tag, positions, plugin, version }) { await null; seen = JSON.stringify([config, tag, positions, plugin, version]); },
      execute: () => ({ headerSet: { "x-web-seen": seen } }),
    }`;
  const plugin = await host.loadNew(source, {
    configJson: '{"a":[1]}',
    tag: "blue",
    plugin: "tagger",
    version: "2.0.1",
  });

  const { results } = await host.run([plugin]);

  expect(editsOf(results[0])[0]?.values).toEqual(['[{"a":[1]},"blue",[0,1],"tagger","2.0.1"]']);
});

test("a plugin that is given no config finds it undefined, as in the harness", async () => {
  const source = `export default { execute: (request, { config }) => ({ headerSet: { "x-web-config": String(config) } }) }`;
  const plugin = await host.loadNew(source, { configJson: "" });

  const { results } = await host.run([plugin]);

  expect(editsOf(results[0])[0]?.values).toEqual(["undefined"]);
});

test("the smoke call can be told apart", async () => {
  const source = `export default { execute(request) { if (request.smoke !== (request.host === "smoke.invalid")) throw new Error("?"); } }`;
  const plugin = await host.loadNew(source);

  expect((await host.run([plugin])).results[0]?.failure).toBeUndefined();
});

test("destroy runs once, may wait and write, and then the generation is gone", async () => {
  const source = `export default { execute() {}, async destroy({ kv }) { await new Promise((go) => setTimeout(go, 3)); kv.set("end", 1); } }`;
  const plugin = await host.loadNew(source, { keyValue: true });

  const { error } = await host.unload(plugin);

  expect(error).toBeUndefined();
  const { set } = await host.next(
    (frame): frame is KeyValueChanges => frame.kind === "keyValue" && frame.generation === plugin,
  );
  expect(set[0]?.key).toBe("end");
  expect((await host.run([plugin])).results[0]?.failure?.cause).toBe("not_loaded");
});

/** ms on the CPU that a hook which loops has: on a busy machine it gets no more before it is cut off. */
const LITTLE = 2;

test.for([
  ["throws", `destroy() { throw new Error("bad end"); }`, 200, "throw"],
  ["never ends", "destroy: () => new Promise(() => {})", 200, "timeout"],
  ["loops", "destroy() { for (;;); }", LITTLE, "cpu"],
  ["loops after an await", "async destroy() { await null; for (;;); }", LITTLE, "cpu"],
] as const)(
  "a destroy that %s is reported, and the generation is gone all the same",
  async ([, hook, hookTimeoutMs, cause]) => {
    const source = `export default { execute() {}, ${hook} }`;

    const { generation, error } = await host.unloadUntilTold(source, { hookTimeoutMs });

    expect(error?.cause).toBe(cause);
    expect((await host.run([generation])).results[0]?.failure?.cause).toBe("not_loaded");
  },
);

test("a generation that is abandoned is not asked to destroy itself", async () => {
  const plugin = await host.loadNew(`export default { execute() {}, destroy() { for (;;); } }`);

  const { error } = await host.unload(plugin, true);

  expect(error).toBeUndefined();
});

test("questions that wait when their generation is unloaded are answered", async () => {
  const plugin = await host.loadNew(
    "export default { execute: (r) => r.smoke ? undefined : new Promise(() => {}) }",
    {
      timeoutMs: 60_000,
    },
  );
  const run = host.start([plugin]);

  await host.unload(plugin);

  expect((await host.answer(run.id)).results[0]?.failure?.cause).toBe("not_loaded");
});

test("an unload of what is not there is answered", async () => {
  expect(await host.unload(999_999)).toMatchObject({ error: undefined });
});

test("a standby puts timers off that nobody waits for, until it is the active host", async () => {
  await using own = await HostDriver.start();
  own.send({ kind: "ping", sequence: 1, timers: "late" });
  const plugin = await own.loadNew(
    `export default {
      async init({ log }) { await new Promise((done) => setTimeout(done, 1)); setTimeout(() => log.info("tick"), 1); },
      execute: () => new Promise((done) => setTimeout(done, 20)),
    }`,
  );
  const ticked = (): boolean => own.frames.some(({ kind }) => kind === "log");

  const { results } = await own.run([plugin]);
  expect(results[0]?.failure).toBeUndefined();
  expect(ticked()).toBe(false);
  own.send({ kind: "ping", sequence: 2, timers: "due" });
  await own.next(({ kind }) => kind === "log");
});

test("pings are answered", async () => {
  host.send({ kind: "ping", sequence: 77, timers: "due" });

  expect(await host.next(({ kind }) => kind === "pong")).toEqual({ kind: "pong", sequence: 77 });
});

test("memory is given back: two hundred generations come and go", async () => {
  const bulky = `const bulk = new Array(100000).fill(1.5); export default { execute: () => bulk.length && undefined }`;
  const resident = (): number => residentBytes(host.pid) ?? 0;
  const cycle = async (): Promise<void> => {
    const plugin = await host.loadNew(bulky);
    await host.unload(plugin);
  };
  for (let i = 0; i < 30; i++) await cycle();
  const before = resident();

  for (let i = 0; i < 170; i++) await cycle();

  expect(resident()).toBeLessThan(before * 1.25);
  // Two hundred compilations, of which a busy machine takes its time for each.
}, 120_000);
