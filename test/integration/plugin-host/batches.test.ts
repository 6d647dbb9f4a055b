import { afterAll, beforeAll, expect, test } from "vitest";

import type { Ran } from "../../../sidecar/plugin-host/protocol/messages.ts";
import { editsOf, HostDriver } from "../../support/host-driver.ts";

// Questions that arrive together are asked in one entry: each must fare as if it had been asked alone.
let host: HostDriver;
beforeAll(async () => {
  host = await HostDriver.start();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

/** Microtasks run when an entry is over: counts how many questions came in this one. */
const COUNTS_ENTRY = `let inEntry = 0;
  const count = () => { if (inEntry++ === 0) Promise.resolve().then(() => { inEntry = 0; }); return inEntry; };`;

test("questions that arrive together share entries, and each has its own answer", async () => {
  const plugin = await batching(`({ headerSet: { "x-web-id": request.id, "x-web-nth": count() } })`);

  const answers = await askTogether(plugin, 64);

  for (const { id, results } of answers) {
    expect(results[0]?.failure).toBeUndefined();
    expect(editsOf(results[0])[0]?.values).toEqual([`${id}`]);
  }
  expect(
    Math.max(...answers.map(({ results }) => Number(editsOf(results[0])[1]?.values[0]))),
  ).toBeGreaterThan(4);
});

test.for([
  ["throws", "(() => { throw new Error('bad'); })()", "throw"],
  ["gives an invalid answer", "({ httpCode: 7 })", "invalid_answer"],
  ["loops", "(() => { for (;;); })()", "cpu"],
  ["hands out too much", "({ httpCode: 200, body: 'x'.repeat(1.5e6) })", "invalid_answer"],
] as const)("one among many that %s fails alone", async ([, body, cause]) => {
  const plugin = await batching(
    `request.path === "/bad" ? ${body} : { headerSet: { "x-web-id": request.id } }`,
  );

  const answers = await askTogether(plugin, 48, (n) => (n === 20 ? "/bad" : "/good"));

  const outcomes = answers.map(
    ({ id, results }) => results[0]?.failure?.cause ?? editsOf(results[0])[0]?.values[0] === `${id}`,
  );
  expect(outcomes).toEqual(outcomes.map((_, n) => (n === 20 ? cause : true)));
});

test("several that loop among many fail, each by itself", async () => {
  const plugin = await batching(`request.path === "/bad" ? (() => { for (;;); })() : undefined`);

  const answers = await askTogether(plugin, 32, (n) => (n % 10 === 5 ? "/bad" : "/good"));

  expect(answers.filter(({ results }) => results[0]?.failure?.cause === "cpu")).toHaveLength(3);
  expect(answers.filter(({ results }) => results[0]?.failure === undefined)).toHaveLength(29);
});

test("large answers of many are not lost for being together", async () => {
  const body = `request.path === "/big" ? \`\${request.id} \`.padEnd(900000, "x") : "small"`;
  const plugin = await batching(`({ httpCode: 200, body: ${body} })`);

  const answers = await askTogether(plugin, 20, () => "/big");

  const bodies = answers.map(({ results }) => results[0]?.body.toString());
  const isWhole = answers.map(({ id }, n) => bodies[n] === `${id} `.padEnd(900_000, "x"));
  expect(isWhole).toEqual(answers.map(() => true));
});

test("one among many that waits is answered when it has the answer", async () => {
  const plugin = await batching(`request.path === "/slow"
    ? new Promise((go) => setTimeout(() => go({ headerSet: { "x-web-id": request.id } }), 5))
    : { headerSet: { "x-web-id": request.id } }`);

  const answers = await askTogether(plugin, 40, (n) => (n % 8 === 3 ? "/slow" : "/fast"));

  for (const { id, results } of answers) expect(editsOf(results[0])[0]?.values).toEqual([`${id}`]);
});

test("a loop after an await of one among many is blamed on none of those that were answered", async () => {
  const plugin = await batching(`request.path === "/bad"
    ? (async () => { await null; for (;;); })()
    : { headerSet: { "x-web-id": request.id } }`);

  const answers = await askTogether(plugin, 40, (n) => (n === 11 ? "/bad" : "/good"));

  const failed = answers.filter(({ results }) => results[0]?.failure !== undefined);
  expect(failed.map(({ results }) => results[0]?.failure?.cause)).toEqual(["cpu"]);
});

test("a batch that is cut off between two questions does not say again what an older one said", async () => {
  const plugin = await batching(`(() => {
    context.log.info("asked " + request.id);
    if (request.path === "/trap") {
      const { isSafeInteger } = Number;
      Number.isSafeInteger = (value) => { Number.isSafeInteger = isSafeInteger; for (;;); };
    }
  })()`);
  const from = host.frames.length;

  await askTogether(plugin, 32, (n) => (n === 31 ? "/trap" : "/good"));
  const answers = await askTogether(plugin, 32);

  expect(answers.filter(({ results }) => results[0]?.failure !== undefined)).toEqual([]);
  const lines = host.frames.slice(from).flatMap((frame) => (frame.kind === "log" ? frame.lines : []));
  const texts = lines.map(({ text }) => text);
  expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([]);
});

test("the plugins of a segment are asked about the same messages, less those that one before them blocked", async () => {
  const guard = await batching(`request.id % 3 === 0 ? { httpCode: 403 } : undefined`);
  const namer = await batching(`({ headerSet: { "x-web-id": request.id, "x-web-path": request.path } })`);
  const runs = Array.from({ length: 48 }, (_, n) =>
    host.start([guard, guard, namer, namer], { facts: { path: `/${n}` } }),
  );

  const answers = await Promise.all(runs.map(async ({ id }) => await host.answer(id)));

  for (const [n, { id, results }] of answers.entries()) {
    const named = results.slice(2).map((result) => editsOf(result).flatMap(({ values }) => values));
    expect(results.map(({ failure }) => failure)).toEqual(results.map(() => undefined));
    if (id % 3 === 0) expect(results.map(({ httpCode }) => httpCode)).toEqual([403]);
    else
      expect(named).toEqual([
        [`${id}`, `/${n}`],
        [`${id}`, `/${n}`],
      ]);
  }
});

test("answers that repeat, and changes of those before that differ, belong to the question that they were given to", async () => {
  const source = `request.path === "/big" ? { httpCode: 200, body: "x".repeat(1.5e6) }
    : request.path === "/own" ? { headerSet: { "x-web-name": request.id } }
    : request.path === "/none" ? undefined : { headerSet: { "x-web-name": "all" } }`;
  const namer = await batching(source);
  const echo = await batching(
    `({ headerSet: { "x-web-echo": request.headers.get("x-web-name") ?? "none" } })`,
  );
  const paths = ["/all", "/all", "/own", "/all", "/big", "/all", "/none", "/all", "/own", "/own"];
  const runs = Array.from({ length: 30 }, (_, n) =>
    host.start([namer, echo], { facts: { path: paths[n % paths.length] ?? "" } }),
  );

  const answers = await Promise.all(runs.map(async ({ id }) => await host.answer(id)));

  const expected = { "/all": () => "all", "/own": (id: number) => `${id}`, "/none": () => "none" };
  for (const [n, { id, results }] of answers.entries()) {
    const path = paths[n % paths.length] as keyof typeof expected | "/big";
    if (path === "/big") expect(results[0]?.failure?.cause).toBe("invalid_answer");
    else expect(editsOf(results[1])[0]?.values).toEqual([expected[path](id)]);
  }
});

test("questions of two chains have each the tag of its own", async () => {
  const plugin = await batching(`({ headerSet: { "x-web-tag": request.tag } })`);
  const tagOf = (n: number): string => (n % 3 === 0 ? "blue" : "green");
  const runs = Array.from({ length: 30 }, (_, n) => {
    const entries = [{ generation: plugin, tag: tagOf(n), stopOnFailure: false }];
    return host.start([plugin], { entries });
  });

  const answers = await Promise.all(runs.map(async ({ id }) => await host.answer(id)));

  expect(answers.map(({ results }) => editsOf(results[0])[0]?.values)).toEqual(
    runs.map((_, n) => [tagOf(n)]),
  );
});

test("what one among many writes to the store is reported before the answers", async () => {
  const plugin = await batching(`({ headerSet: { "x-web-count": context.kv.increment("n") } })`, {
    keyValue: true,
  });
  const from = host.frames.length;

  const answers = await askTogether(plugin, 32);

  const counts = answers.map(({ results }) => Number(editsOf(results[0])[0]?.values[0]));
  const highest = Math.max(...counts);
  expect(new Set(counts).size).toBe(32);
  const story = host.frames.slice(from);
  const written = story.findIndex(
    (frame) => frame.kind === "keyValue" && frame.set.some(({ value }) => value === `${highest}`),
  );
  const answered = story.findIndex(
    (frame) => frame.kind === "ran" && editsOf(frame.results[0])[0]?.values[0] === `${highest}`,
  );
  expect(written).toBeGreaterThanOrEqual(0);
  expect(written).toBeLessThan(answered);
});

test("when an isolate outgrows its memory, everybody who asked it is told", async () => {
  const plugin = await batching(
    `request.path === "/bad" ? (() => { let s = "ab"; for (;;) { s = s + s; s.charCodeAt(1); } })() : undefined`,
    { cpuMicros: 2_000_000 },
  );

  const answers = await askTogether(plugin, 32, (n) => (n === 9 ? "/bad" : "/good"));

  expect(answers).toHaveLength(32);
  const causes = new Set(answers.map(({ results }) => results[0]?.failure?.cause));
  expect(causes).toContain("memory");
  for (const cause of causes) expect([undefined, "memory", "not_loaded"]).toContain(cause);
});

/** A plugin that was asked often enough for the host to know how long it takes. */
async function batching(answer: string, more: Parameters<HostDriver["loadNew"]>[1] = {}): Promise<number> {
  const source = `${COUNTS_ENTRY} export default { execute: (request, context) => ${answer} }`;
  const plugin = await host.loadNew(source, more);
  for (let i = 0; i < 40; i++) await host.run([plugin]);
  return plugin;
}

async function askTogether(
  plugin: number,
  count: number,
  path = (_n: number): string => "/good",
): Promise<Ran[]> {
  const runs = Array.from({ length: count }, (_, n) => host.start([plugin], { facts: { path: path(n) } }));
  return await Promise.all(
    runs.map(async ({ id }, n) => {
      const ran = await host.answer(id);
      // Cut off for want of the CPU: asked again, as the sidecar does.
      return ran.results[0]?.failure?.cause === "host_busy"
        ? await host.runUntilTold([plugin], { facts: { path: path(n) } })
        : ran;
    }),
  );
}
