import { afterAll, beforeAll, expect, test } from "vitest";

import { bundlePlugin } from "../../../core/packages/bundle.ts";
import type { EntryResult, LogLines } from "../../../sidecar/plugin-host/protocol/messages.ts";
import { editsOf, HostDriver } from "../../support/host-driver.ts";
import { TemporaryFolder } from "../../support/temporary-folder.ts";

// One host for all: nothing here harms it.
let host: HostDriver;
beforeAll(async () => {
  host = await HostDriver.start();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

test("three plugins answer in one round trip, each seeing what those before it changed", async () => {
  const first = await host.loadNew(executing(`({ headerSet: { "x-web-a": "1", accept: null } })`));
  const second = await host.loadNew(
    executing(`({ headerSet: [
      { key: "x-web-b", value: [request.headers.get("X-Web-A") ?? "", String(request.headers.has("Accept"))] },
    ] })`),
  );
  const third = await host.loadNew(
    executing(`({ headerSet: { "X-Web-A": "2", "x-web-c": request.headers.getAll("x-web-b") } })`),
  );

  const { results } = await host.run([first, second, third]);

  expect(results.map(outcome)).toEqual([
    { "x-web-a": ["1"], accept: [] },
    { "x-web-b": ["1", "false"] },
    { "X-Web-A": ["2"], "x-web-c": ["1", "false"] },
  ]);
});

test("a plugin sees the exchange's facts, each header once in arrival order, and the X-Mesh fields", async () => {
  const shows = `({ httpCode: 200, body: JSON.stringify([
    request, [...request.headers].map(({ key, value }) => [key, ...value]),
    request.method, request.host, request.remoteIp, request.path, request.query, request.status, request.smoke ]) })`;
  const first = await host.loadNew(executing(shows));
  const headers = "Host: a\r\nSet-Cookie: x=1\r\nX-Trace: \t abc \r\nset-cookie: y=2\r\n";
  const entries = [{ generation: first, tag: "blue", stopOnFailure: false }];

  const { results } = await host.run([first], {
    headers,
    entries,
    facts: { id: 77, position: 1, status: 404 },
    attempt: 2,
  });

  const [request, list, ...facts] = JSON.parse(String(results[0]?.body)) as unknown[];
  expect(request).toMatchObject({
    id: 77,
    position: 1,
    tag: "blue",
    bizStartAt: 1_700_000_000_000,
    attempt: 2,
    timeout: 200,
  });
  expect(list).toEqual([
    ["Host", "a"],
    ["Set-Cookie", "x=1", "y=2"],
    ["X-Trace", "abc"],
    ["X-Mesh-Method", "GET"],
    ["X-Mesh-Host", "shop.example"],
    ["X-Mesh-Remote-Ip", "10.1.2.3"],
    ["X-Mesh-Querystring", "a=b"],
    ["X-Mesh-Path", "/cart"],
    ["X-Mesh-Status", "404"],
  ]);
  expect(facts).toEqual(["GET", "shop.example", "10.1.2.3", "/cart", "a=b", 404, false]);
});

test("bytes that are no UTF-8 reach a plugin and come back as they were", async () => {
  const first = await host.loadNew(
    executing(`({ headerSet: { "x-web-copy": request.headers.get("x-raw") ?? "none" } })`),
  );

  const { results } = await host.run([first], { headers: "X-Raw: caf\u00e9\u00ff\r\n" });

  expect(results.map(outcome)).toEqual([{ "x-web-copy": ["caf\u00e9\u00ff"] }]);
});

test("async plugins answer in their order, and the next plugin waits for them", async () => {
  const first = await host.loadNew(
    `export default { async execute() {
      await null; await new Promise((resolve) => setTimeout(resolve, 5)); return { headerSet: { "x-web-a": "1" } }; } }`,
  );
  const second = await host.loadNew(
    executing(`({ headerSet: { "x-web-b": request.headers.get("x-web-a") ?? "" } })`),
  );

  const { results } = await host.run([first, second]);

  expect(results.map(outcome)).toEqual([{ "x-web-a": ["1"] }, { "x-web-b": ["1"] }].slice(0, results.length));
  expect(results).toHaveLength(2);
  expect(results[0]?.wallMicros).toBeGreaterThan(4000);
  expect(results[0]?.micros).toBeLessThan(results[0]?.wallMicros ?? 0);
});

test("a block ends the segment with its status, headers and body", async () => {
  const first = await host.loadNew(
    executing(`({ httpCode: 401, headerSet: { "x-web-why": "é" }, body: "no é" })`),
  );
  const second = await host.loadNew(executing("undefined"));

  const { results } = await host.run([first, second]);

  expect(results).toHaveLength(1);
  expect(results[0]?.httpCode).toBe(401);
  expect(editsOf(results[0])).toEqual([{ name: "x-web-why", values: ["é"] }]);
  expect(String(results[0]?.body)).toBe("no é");
});

test("a failure ends the segment only where the plugin is closed", async () => {
  const first = await host.loadNew(
    `export default { execute(request) { if (!request.smoke) throw new Error("no"); } }`,
  );
  const second = await host.loadNew(executing("undefined"));
  const entries = (stopOnFailure: boolean) => [
    { generation: first, tag: "", stopOnFailure },
    { generation: second, tag: "", stopOnFailure: false },
  ];

  const open = await host.run([], { entries: entries(false) });
  const closed = await host.run([], { entries: entries(true) });

  expect(open.results.map(({ failure }) => failure?.cause)).toEqual(["throw", undefined]);
  expect(open.results[0]?.failure?.detail).toMatch(/^Error: no\n {4}at .*execute \(plugin-\d+\.js:1:\d+\)$/);
  expect(closed.results.map(({ failure }) => failure?.cause)).toEqual(["throw"]);
});

test("what a bundled script throws names the author's file", async () => {
  await using folder = await TemporaryFolder.create();
  const throws = `type Unused = string;\nexport default { execute() { throw new Error("no"); } };\n`;
  await folder.write("src/plugin.ts", throws);
  const { script: source } = await bundlePlugin("tagger", folder.path, "src/plugin.ts");

  const failed = await host.load(100, source);

  expect(failed.error?.detail).toMatch(/^Error: no\n {4}at .*execute \(src\/plugin\.ts:2:36\)$/);
});

test("the stacks that a bundled script logs name the author's file", async () => {
  await using folder = await TemporaryFolder.create();
  const logs = `type Unused = string;\nexport default { execute() {}, init({ log }) { log.info(new Error("seen").stack); } };\n`;
  await folder.write("src/plugin.ts", logs);
  const { script: source } = await bundlePlugin("tagger", folder.path, "src/plugin.ts");

  await host.loadWell(102, source);

  const { lines } = await host.next(
    (frame): frame is LogLines => frame.kind === "log" && frame.generation === 102,
  );
  expect(lines[0]?.text).toMatch(/^Error: seen\n {4}at .*init \(src\/plugin\.ts:2:57\)/);
});

test("what init throws names the author's file, be it called as the script is", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write(
    "tagger.js",
    `// One\n// Two\nexport default { execute() {}, init() { throw new Error("no"); } };\n`,
  );
  const { script: source } = await bundlePlugin("tagger", folder.path, "tagger.js");

  const failed = await host.load(101, source, { plugin: "tagger" });

  expect(failed.error?.detail).toMatch(/^Error: no\n {4}at .*init \(tagger\.js:3:47\)$/);
});

test("a generation that the host does not have fails alone", async () => {
  const known = await host.loadNew(executing("undefined"));

  const { results } = await host.run([1, known]);

  expect(results.map(({ failure }) => failure?.cause)).toEqual(["not_loaded", undefined]);
});

test.for([
  ["a text", `"no"`, "expected an object or nothing"],
  ["a status that does not exist", "({ httpCode: 99 })", "httpCode"],
  ["a status that is a text", `({ httpCode: "401" })`, "httpCode"],
  ["a status of the mesh's own", "({ httpCode: 101 })", "httpCode"],
  ["a key that means nothing", `({ headers: {} })`, "unknown key 'headers'"],
  ["a body that is no text", "({ httpCode: 200, body: 1 })", "body"],
  ["headers that are a text", `({ headerSet: "x: y" })`, "headerSet"],
  ["a value that is an object", `({ headerSet: { x: {} } })`, "the value of 'x'"],
  ["a list without keys", `({ headerSet: [{ value: "x" }] })`, "key"],
  ["a header that is protected", `({ headerSet: { "Content-Length": "3" } })`, "content-length"],
  ["a header of the mesh", `({ headerSet: { "x-mesh-path": "/" } })`, "x-mesh-"],
  ["a value with a line break", `({ headerSet: { "x-web-a": "a\\r\\nx-b: c" } })`, "x-web-a"],
  ["a value with a NUL", `({ headerSet: { "x-web-a": "a\\0b" } })`, "x-web-a"],
  ["a value beyond latin1", `({ headerSet: { "x-web-a": "\\u4f60" } })`, "x-web-a"],
  ["a name with a space", `({ headerSet: { "x web": "a" } })`, "x web"],
  ["an empty name", `({ headerSet: { "": "a" } })`, ""],
] as const)("%s is an invalid answer, dropped whole", async ([, answer, says]) => {
  const first = await host.loadNew(executing(`request.smoke ? undefined : ${answer}`));

  const { results } = await host.run([first]);

  expect(results[0]).toMatchObject({ httpCode: 0, edits: "", failure: { cause: "invalid_answer" } });
  expect(results[0]?.failure?.detail.toLowerCase()).toContain(says.toLowerCase());
});

test("a content-type that a block sets comes through, and numbers are written in decimal", async () => {
  const first = await host.loadNew(
    executing(`({ httpCode: 403, headerSet: { "content-type": "text/plain", "x-web-n": [1, "2"] } })`),
  );

  const { results } = await host.run([first]);

  expect(results.map(outcome)).toEqual([{ "content-type": ["text/plain"], "x-web-n": ["1", "2"] }]);
});

test("many runs under way at once are each answered once, with their own answer", async () => {
  const first = await host.loadNew(executing(`({ headerSet: { "x-web-id": String(request.id) } })`));
  const second = await host.loadNew(`export default { async execute(request) {
    if (request.id % 2) await new Promise((resolve) => setTimeout(resolve, 1));
    return { headerSet: { "x-web-two": String(request.id) } }; } }`);

  const runs = Array.from({ length: 300 }, () => host.start([first, second]));
  const answers = await Promise.all(runs.map(({ id }) => host.answer(id)));

  const ids = new Set(runs.map(({ id }) => id));
  for (const { id, results } of answers)
    expect(results.map(outcome)).toEqual([{ "x-web-id": [`${id}`] }, { "x-web-two": [`${id}`] }]);
  expect(host.frames.filter((frame) => frame.kind === "ran" && ids.has(frame.id))).toHaveLength(300);
});

test("a cancelled run is answered with what there is, and its plugin's late answer goes nowhere", async () => {
  const first = await host.loadNew(executing("undefined"));
  const second = await host.loadNew(
    `export default { execute: (r) => r.smoke ? undefined : new Promise((go) => setTimeout(go, 20)) }`,
  );
  const run = host.start([first, second, first]);
  await host.run([first]);

  host.send({ kind: "cancel", id: run.id });

  expect((await host.answer(run.id)).results).toHaveLength(1);
  await host.run([second]);
  expect(host.frames.filter((frame) => frame.kind === "ran" && frame.id === run.id)).toHaveLength(1);
});

test("runs in the background are answered too, after those that somebody waits for", async () => {
  const first = await host.loadNew(executing("undefined"));

  const quiet = host.start([first], { background: true });
  const urgent = host.start([first]);
  await Promise.all([host.answer(quiet.id), host.answer(urgent.id)]);

  const order = host.frames.flatMap((frame) => (frame.kind === "ran" ? [frame.id] : []));
  expect(order.indexOf(urgent.id)).toBeLessThan(order.indexOf(quiet.id));
});

test("a wait that is longer than the plugin's timeout fails as such, with little CPU", async () => {
  const first = await host.loadNew(
    `export default { execute: (r) => r.smoke ? undefined : new Promise(() => {}) }`,
    { timeoutMs: 30 },
  );

  const { results } = await host.run([first]);

  expect(results[0]?.failure).toMatchObject({ cause: "timeout" });
  expect(results[0]?.wallMicros).toBeGreaterThanOrEqual(29_000);
  expect(results[0]?.micros).toBeLessThan(5_000);
});

function executing(answer: string): string {
  return `export default { execute: (request) => ${answer} }`;
}

function outcome(result: EntryResult): unknown {
  return result.failure ?? Object.fromEntries(editsOf(result).map(({ name, values }) => [name, values]));
}

test("a run without plugins is answered", async () => {
  expect((await host.run([])).results).toEqual([]);
});
