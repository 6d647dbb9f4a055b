import { afterAll, beforeAll, expect, test } from "vitest";

import { NEIGHBOUR } from "../../support/bombs.ts";
import { editsOf, HostDriver } from "../../support/host-driver.ts";

// Plugins that hand out too much, or change what the world in their isolate stands on. One host for all.
let host: HostDriver;
let neighbour: number;
beforeAll(async () => {
  host = await HostDriver.start();
  neighbour = await host.loadNew(NEIGHBOUR);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

const LARGE = `"x".repeat(10 * 1024 * 1024)`;

test.for([
  ["a body of 10 MB", `return { httpCode: 200, body: ${LARGE} }`, "invalid_answer"],
  ["a header of 10 MB", `return { headerSet: { "x-web-a": ${LARGE} } }`, "invalid_answer"],
  ["a header name of 10 MB", `return { headerSet: { [${LARGE}]: "a" } }`, "invalid_answer"],
  [
    "a hundred thousand headers",
    `return { headerSet: Array.from({ length: 1e5 }, (_, i) => ({ key: "x-" + i, value: "" })) }`,
    "invalid_answer",
  ],
  [
    "a hundred thousand values",
    `return { headerSet: { "x-web-a": new Array(1e5).fill("") } }`,
    "invalid_answer",
  ],
  [
    "an endless list of headers",
    `return { headerSet: Object.assign([], { length: 2 ** 32 - 1 }) }`,
    "invalid_answer",
  ],
  ["an error of 10 MB", `throw new Error(${LARGE})`, "throw"],
  ["a thrown text of 10 MB", `throw ${LARGE}`, "throw"],
  ["an error whose name is 10 MB", `throw Object.assign(new Error(), { name: ${LARGE} })`, "throw"],
] as const)("%s is refused with a short word, others go on", async ([, body, cause]) => {
  const culprit = await host.loadNew(`export default { execute(r) { if (r.smoke) return; ${body} } }`, {
    cpuMicros: 1_000_000,
  });

  const { results } = await host.run([culprit, neighbour]);

  expect(results.map(({ failure }) => failure?.cause)).toEqual([cause, undefined]);
  expect(results[0]?.failure?.detail.length).toBeLessThan(2100);
});

test.for([
  ["log", "log.info('line')"],
  ["the store", "kv.set('k' + (i++ % 200), i)"],
  ["timers", "setTimeout(() => {}, 1)"],
  ["fetch", "fetch('https://x/').catch(() => {})"],
] as const)("%s called in a loop ends with the culprit's budget, others go on", async ([, call]) => {
  const source = `export default { execute(r, { log, kv }) { if (r.smoke) return; let i = 0; for (;;) try { ${call}; } catch {} } }`;
  const culprit = await host.loadNew(source, { keyValue: true, fetch: ["https://x/*"] });
  const before = host.frames.length;

  const { results } = await host.runUntilTold([culprit, neighbour]);

  expect(results.map(({ failure }) => failure?.cause)).toEqual(["cpu", undefined]);
  const said = host.frames
    .slice(before)
    .filter((frame) => "generation" in frame && frame.generation === culprit);
  expect(said.length).toBeLessThan(50);
});

/** Each replaces something that the world in the isolate uses, and answers nonetheless or fails; nobody else does. */
const POLLUTIONS = {
  "every method of String":
    "for (const k of Object.getOwnPropertyNames(String.prototype)) if (k !== 'constructor') String.prototype[k] = () => huge;",
  "every method of Array":
    "for (const k of Object.getOwnPropertyNames(Array.prototype)) if (typeof Array.prototype[k] === 'function') Array.prototype[k] = () => huge;",
  "every method of Map and Set":
    "for (const C of [Map, Set]) for (const k of Object.getOwnPropertyNames(C.prototype)) if (k !== 'size') C.prototype[k] = () => huge;",
  iterators:
    "Array.prototype[Symbol.iterator] = String.prototype[Symbol.iterator] = function* () { for (;;) yield huge; };",
  promises: "Promise.prototype.then = () => huge; Promise.resolve = () => huge;",
  JSON: "JSON.parse = () => ({}); JSON.stringify = () => ({ length: 0, toString: () => 'A2:175:999990:0:L4:info3:abc' });",
  "Object and Reflect":
    "for (const o of [Object, Reflect]) for (const k of Object.getOwnPropertyNames(o)) if (typeof o[k] === 'function' && k !== 'getOwnPropertyNames') o[k] = () => huge;",
  "the prototype of all objects":
    "for (const k of ['httpCode', 'headerSet', 'body', 'then', 'get', 'value', 'length', 'toString']) Object.prototype[k] = huge;",
  "setters on the prototype of all objects":
    "for (const k of ['id', 'tag', 'timeout', 'key', 'json']) Object.defineProperty(Object.prototype, k, { set() { for (;;); }, get() { return huge; } });",
  errors:
    "Error.captureStackTrace = () => { for (;;); }; Error.stackTraceLimit = 1e9; Error.prototype.toString = () => huge;",
  "Number and Math":
    "Number.isSafeInteger = () => true; Math.floor = Math.min = Math.max = () => -1; Number.prototype.toString = () => huge;",
  "the globals":
    "for (const k of Object.getOwnPropertyNames(globalThis)) try { globalThis[k] = undefined; } catch {}",
} as const;

test.for(Object.entries(POLLUTIONS))(
  "a plugin that replaces %s harms itself at most",
  async ([, pollute]) => {
    const source = `const huge = "x".repeat(100);
    export default { async execute(r, { log, kv }) {
      if (r.smoke) return;
      try { ${pollute} } catch {}
      try { log.info("a", {}); kv.set("k", [1]); kv.get("k"); setTimeout(() => {}, 1); r.headers.get("accept"); } catch {}
      return { headerSet: { "x-web-a": ["1"] } };
    } }`;
    const culprit = await host.loadNew(source, { keyValue: true });

    const first = await host.run([culprit, neighbour]);
    const second = await host.run([culprit, neighbour]);

    for (const { results } of [first, second]) {
      expect(results).toHaveLength(2);
      expect([undefined, "throw", "invalid_answer", "cpu", "timeout"]).toContain(results[0]?.failure?.cause);
      expect(results[1]?.failure).toBeUndefined();
      expect(editsOf(results[1])).toEqual([{ name: "x-web-fine", values: ["yes"] }]);
    }
  },
);

test("a rejection that loops when it is looked at hangs the host at worst, and then it is the culprit who has the CPU", async () => {
  await using own = await HostDriver.start();
  await own.loadWell(
    2,
    `export default { execute(r) { if (!r.smoke) Promise.reject({ get message() { for (;;); } }); } }`,
  );

  own.start([2]);
  own.send({ kind: "ping", sequence: 1, timers: "due" });
  const pong = own.next((frame) => frame.kind === "pong").then(() => "alive");
  const { promise: silence, resolve } = Promise.withResolvers<string>();
  setTimeout(() => resolve("hung"), 1500);
  const outcome = await Promise.race([pong.catch(() => "ended"), silence]);

  expect(outcome === "hung" ? own.onCpu : 2).toBe(2);
});

/** An error whose text goes on behind its end, with records that the world never wrote. */
const forging = (records: string): string => `export default { execute(r) {
  if (r.smoke) return;
  const records = ${records};
  globalThis.String = () => ({ length: 1, toString: () => "x" + records });
  throw 1;
} }`;

test("failures that a plugin forges by the thousand are told a few times, others go on", async () => {
  const culprit = await host.loadNew(forging(`"E1:05:throw0:".repeat(100_000)`), { cpuMicros: 1_000_000 });
  const before = host.frames.length;

  const { results } = await host.run([culprit, neighbour]);

  expect(results[1]?.failure).toBeUndefined();
  const faults = host.frames.slice(before).filter(({ kind }) => kind === "fault");
  expect(faults.length).toBeGreaterThan(1);
  expect(faults.length).toBeLessThan(200);
});
