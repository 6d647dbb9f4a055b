import { afterAll, beforeAll, expect, test } from "vitest";

import type {
  FetchRequest,
  FromHost,
  KeyValueChanges,
  LogLines,
} from "../../../sidecar/plugin-host/protocol/messages.ts";
import { editsOf, HostDriver } from "../../support/host-driver.ts";

// What plugins are given beside the request: store, fetch, timers, log. One host for all: nothing here harms it.
let host: HostDriver;
beforeAll(async () => {
  host = await HostDriver.start();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

const COUNTER = `export default { execute: (request, { kv }) => ({ headerSet: { "x-web-count": kv.increment("seen") } }) }`;

test("the store counts across questions, and its changes arrive before the answer", async () => {
  const counter = await host.loadNew(COUNTER, { keyValue: true });

  const first = await host.run([counter]);
  const second = await host.run([counter]);

  expect([first, second].map(({ results }) => editsOf(results[0])[0]?.values)).toEqual([["1"], ["2"]]);
  const story = host.frames.filter(
    (frame) =>
      (frame.kind === "keyValue" && frame.generation === counter) || frame === first || frame === second,
  );
  expect(story.map(({ kind }) => kind)).toEqual(["keyValue", "ran", "keyValue", "ran"]);
  expect(story[2]).toMatchObject({ set: [{ key: "seen", value: "2", expiresAt: 0 }], deleted: [] });
});

test("a successor goes on where its predecessor's changes ended, and the smoke call leaves no trace", async () => {
  const entries = [{ key: "seen", value: "41", expiresAt: 0 }];
  const counter = await host.loadNew(COUNTER, { keyValue: true, entries });

  const { results } = await host.run([counter]);

  expect(editsOf(results[0])[0]?.values).toEqual(["42"]);
});

test("what was written elsewhere is seen by the next question", async () => {
  const counter = await host.loadNew(COUNTER, { keyValue: true });

  host.send({
    kind: "keyValue",
    generation: counter,
    set: [{ key: "seen", value: "9", expiresAt: 0 }],
    deleted: [],
  });
  const counted = await host.run([counter]);
  host.send({ kind: "keyValue", generation: counter, set: [], deleted: ["seen"] });
  const fresh = await host.run([counter]);

  expect([counted, fresh].map(({ results }) => editsOf(results[0])[0]?.values)).toEqual([["10"], ["1"]]);
});

test("entries with a ttl go, and the time of the first write counts for a counter", async () => {
  const source = `export default { execute(request, { kv }) {
    if (request.smoke) return;
    kv.set("gone", 1, { ttl: 1 });
    const until = Date.now() + 3; while (Date.now() < until);
    kv.increment("count", 1, { ttl: 60000 });
    kv.increment("count", 1, { ttl: 99999 });
    return { headerSet: { "x-web-got": [String(kv.get("gone")), kv.keys().join()] } };
  } }`;
  const plugin = await host.loadNew(source, { keyValue: true });

  const { results } = await host.run([plugin]);

  expect(editsOf(results[0])[0]?.values).toEqual(["undefined", "count"]);
  const { set } = await host.next(
    (frame): frame is KeyValueChanges => frame.kind === "keyValue" && frame.generation === plugin,
  );
  const count = set.find(({ key }) => key === "count");
  expect(count?.value).toBe("2");
  expect(count?.expiresAt).toBeLessThan(Date.now() + 61_000);
});

test("the store is bounded in keys, bytes, and size of one value, and says so to the plugin", async () => {
  const source = `export default { execute(request, { kv }) {
    const tries = [
      () => { for (let i = 0; i < 11; i++) kv.set("k" + i, i); },
      () => kv.set("k1", "x".repeat(3000)),
      () => kv.set("x".repeat(2000), 1),
      () => kv.set("k1", undefined),
      () => kv.increment("k1", 1) && kv.set("text", "t") || kv.increment("text"),
    ];
    return { headerSet: { "x-web-errors": tries.map((each) => { try { each(); return "none"; } catch (e) { return e.message; } }) } };
  } }`;
  const plugin = await host.loadNew(source, { keyValue: true, keyValueKeys: 10, keyValueBytes: 2000 });

  const { results } = await host.run([plugin]);

  expect(editsOf(results[0])[0]?.values.map((text) => text.slice(0, 24))).toEqual([
    "kv: the plugin's store i",
    "kv: the plugin's store i",
    "kv: a key is well-formed",
    "kv: the value must be wh",
    "kv: the plugin's store i",
  ]);
});

test("what JSON would bring back as something else is refused, and a counter goes on counting behind it", async () => {
  const source = `export default { execute(request, { kv }) {
    const tries = [
      () => kv.set("n", NaN),
      () => kv.increment("n", Infinity),
      () => kv.increment("n", "1"),
      () => kv.set("\\ud800", 1),
    ];
    const refused = tries.map((each) => { try { each(); return "none"; } catch (e) { return e.name; } });
    return { headerSet: { "x-web-got": [...refused, String(kv.increment("n", 2)), kv.keys().join()] } };
  } }`;
  const plugin = await host.loadNew(source, { keyValue: true });

  const { results } = await host.run([plugin]);

  expect(editsOf(results[0])[0]?.values).toEqual([
    "TypeError",
    "RangeError",
    "RangeError",
    "TypeError",
    "2",
    "n",
  ]);
});

test("without permission there is no store and no fetch", async () => {
  const source = `export default { execute: (request, { kv, fetch: own }) =>
    ({ headerSet: { "x-web-got": [typeof kv, typeof own, typeof fetch] } }) }`;
  const plugin = await host.loadNew(source);

  const { results } = await host.run([plugin]);

  expect(editsOf(results[0])[0]?.values).toEqual(["undefined", "undefined", "undefined"]);
});

test("a fetch leaves as a request to the sidecar, and its answer wakes the question", async () => {
  const source = `export default { async execute(request) {
    if (request.smoke) return;
    const answer = await fetch("https://auth.internal/check", { method: "POST", headers: { "X-Key": "k" }, body: "é" });
    return { headerSet: { "x-web-got": [answer.status, answer.ok, answer.headers.get("x-user"), answer.json().name].map(String) } };
  } }`;
  const plugin = await host.loadNew(source, { fetch: ["https://auth.internal/*"] });

  const run = host.start([plugin]);
  const request = await fetchOf(plugin);
  const headers = [{ name: "X-User", values: ["ada"] }];
  const body = Buffer.from('{"name":"Zoë"}');
  host.send({ kind: "fetched", id: request.id, status: 201, headers, body, error: "" });
  const { results } = await host.answer(run.id);

  expect(request).toMatchObject({
    method: "POST",
    url: "https://auth.internal/check",
    headers: [{ name: "X-Key", values: ["k"] }],
    body: Buffer.from("é"),
    timeoutMs: 10_000,
  });
  expect(editsOf(results[0])[0]?.values).toEqual(["201", "true", "ada", "Zo\u00eb"]);
});

test("a fetch that failed is an error that the plugin can catch", async () => {
  const source = `export default { async execute(request) {
    if (request.smoke) return;
    return { headerSet: { "x-web-got": await fetch("https://x/").catch((error) => error.message) } };
  } }`;
  const plugin = await host.loadNew(source, { fetch: ["https://x/*"] });

  const run = host.start([plugin]);
  const { id } = await fetchOf(plugin);
  host.send({ kind: "fetched", id, status: 0, headers: [], body: Buffer.alloc(0), error: "not allowed" });
  const { results } = await host.answer(run.id);

  expect(editsOf(results[0])[0]?.values).toEqual(["fetch: not allowed"]);
});

test("an answer to a fetch that nobody made is passed over", async () => {
  const plugin = await host.loadNew(COUNTER, { keyValue: true });

  host.send({ kind: "fetched", id: 4_000_000, status: 200, headers: [], body: Buffer.alloc(0), error: "" });

  expect((await host.run([plugin])).results[0]?.failure).toBeUndefined();
});

test("timers run, repeat and stop, and what they write is reported though nobody asks", async () => {
  const source = `let left = 3;
    export default {
      init({ kv }) { const id = setInterval(() => { kv.increment("ticks"); if (--left === 0) clearInterval(id); }, 2);
        clearTimeout(setTimeout(() => kv.set("never", 1), 1)); },
      execute: () => {},
    }`;
  const plugin = await host.loadNew(source, { keyValue: true });

  await host.next(
    (frame) =>
      frame.kind === "keyValue" &&
      frame.generation === plugin &&
      frame.set.some(({ value }) => value === "3"),
  );

  const written = host.frames.flatMap((frame) =>
    frame.kind === "keyValue" && frame.generation === plugin ? frame.set : [],
  );
  expect(written.map(({ key, value }) => `${key}=${value}`)).toEqual(["ticks=1", "ticks=2", "ticks=3"]);
});

test("what goes on after an answer is reported soon, without another question", async () => {
  const source = `export default { execute(request, { kv }) {
    if (!request.smoke) (async () => { await null; kv.set("after", 1); })(); } }`;
  const plugin = await host.loadNew(source, { keyValue: true });

  await host.run([plugin]);

  const { set } = await host.next(
    (frame): frame is KeyValueChanges => frame.kind === "keyValue" && frame.generation === plugin,
  );
  expect(set.map(({ key }) => key)).toEqual(["after"]);
});

test("what goes on after an answer is reported soon while others are asked all the time, too", async () => {
  const source = `export default { execute(request, { kv }) {
    if (request.path === "/later") (async () => { await null; kv.set("busy", 1); })(); } }`;
  const plugin = await host.loadNew(source, { keyValue: true });
  const told = (frame: FromHost): frame is KeyValueChanges =>
    frame.kind === "keyValue" && frame.generation === plugin;

  await host.run([plugin], { facts: { path: "/later" } });
  while (!host.frames.some(told)) await host.run([plugin]);

  const changes = await host.next(told);
  expect(changes.set.map(({ key }) => key)).toEqual(["busy"]);
});

test("log lines carry level and text, objects as JSON, errors with their place", async () => {
  const source = `export default { execute(request, { log }) {
    if (request.smoke) return;
    log.debug("a", 1, { b: [2] }); console.log("plain"); console.error(new Error("bad")); log.warn(undefined, null, Symbol("s"));
  } }`;
  const plugin = await host.loadNew(source);

  await host.run([plugin]);

  const { lines } = await logOf(plugin);
  expect(lines.map(({ level, text }) => `${level} ${text.split("\n")[0]}`)).toEqual([
    'debug a 1 {"b":[2]}',
    "info plain",
    "error Error: bad",
    "warn undefined null Symbol(s)",
  ]);
  expect(lines[2]?.text).toMatch(/plugin-\d+\.js:3:/);
});

test("lines over the quota are counted, not sent, and long ones are cut", async () => {
  const source = `export default { execute(request, { log }) {
    if (request.smoke) return;
    log.info("x".repeat(100000)); for (let i = 0; i < 5000; i++) log.info("line " + i); } }`;
  const plugin = await host.loadNew(source, { cpuMicros: 100_000 });

  await host.run([plugin]);

  const logs = host.frames.filter(
    (frame): frame is LogLines => frame.kind === "log" && frame.generation === plugin,
  );
  const lines = logs.flatMap((frame) => frame.lines);
  expect(lines.length).toBeLessThanOrEqual(200);
  expect(lines.length + logs.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(5001);
  expect(Math.max(...lines.map(({ text }) => text.length))).toBe(4096);
});

test("a rejection that nobody handles is logged, and costs no answer", async () => {
  const source = `export default { execute(request) {
    if (request.smoke) return;
    Promise.reject(new Error("floating")); return { headerSet: { "x-web-a": "1" } }; } }`;
  const plugin = await host.loadNew(source);

  const { results } = await host.run([plugin]);

  expect(editsOf(results[0])).toEqual([{ name: "x-web-a", values: ["1"] }]);
  const { lines } = await logOf(plugin);
  expect(lines[0]).toMatchObject({ level: "error", text: expect.stringContaining("floating") as string });
});

async function fetchOf(generation: number): Promise<FetchRequest> {
  return await host.next(
    (frame): frame is FetchRequest => frame.kind === "fetch" && frame.generation === generation,
  );
}

async function logOf(generation: number): Promise<LogLines> {
  return await host.next(
    (frame): frame is LogLines => frame.kind === "log" && frame.generation === generation,
  );
}
