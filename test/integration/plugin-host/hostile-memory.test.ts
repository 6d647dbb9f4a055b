import { afterAll, expect, test } from "vitest";

import type { Fault } from "../../../sidecar/plugin-host/protocol/messages.ts";
import { NEIGHBOUR } from "../../support/bombs.ts";
import { editsOf, HostDriver } from "../../support/host-driver.ts";

// Plugins that take memory. Some are stopped by isolated-vm, some end or hang the host: then the breadcrumb names them.

const BOMBS = {
  "arrays of doubles": "const all = []; for (;;) all.push(new Array(1000).fill(1.5));",
  "one large array": "new Array(1e9).fill(0);",
  "a growing BigInt": "let b = 3n; for (;;) b = b * b;",
  "splits of a large string": `let s = "x".repeat(2 ** 28); for (;;) s = s.split("").join("");`,
  objects: "const all = []; for (;;) all.push({ a: {}, b: [] });",
  strings: `let s = "x"; const all = []; for (;;) { s += s.slice(0, 1000) + all.length; all.push(s + "!"); all.at(-1).charCodeAt(5); }`,
  "a doubled string": `let s = "ab"; for (;;) { s = s + s; s.charCodeAt(1); }`,
  "typed arrays": "const all = []; for (;;) all.push(new Uint8Array(1024 * 1024).fill(1));",
  "one large buffer": "const b = new ArrayBuffer(2 ** 33); new Uint8Array(b).fill(1);",
  "a resizable buffer":
    "const b = new ArrayBuffer(1, { maxByteLength: 2 ** 32 }); b.resize(2 ** 32); new Uint8Array(b).fill(1);",
  "a Map": "const map = new Map(); for (let i = 0; ; i++) map.set(i, [i]);",
  "a Set of strings": "const set = new Set(); for (let i = 0; ; i++) set.add('entry ' + i);",
  "WebAssembly memory": "const m = []; for (;;) m.push(new WebAssembly.Memory({ initial: 1000 }));",
  closures:
    "let f = () => 0; for (;;) { const g = f; const pad = new Array(100); f = () => g() + pad.length; }",
  promises: "const all = []; for (;;) all.push(new Promise(() => {}));",
  "a regular expression":
    "const all = []; for (let i = 0; ; i++) all.push(new RegExp('(a|b){1,500}' + i), /x/);",
  "numbers to text": "const all = []; for (;;) all.push((0.1 + all.length).toString(2).padEnd(100000, 'x'));",
} as const;

/** After this a host is taken for hung, as the sidecar's watchdog does. Long, since tests share the machine. */
const HUNG_AFTER = 1500;

/** One host serves until a bomb ends it. */
let host: HostDriver | undefined;
let neighbour = 0;
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
});

test.for(Object.entries(BOMBS))("%s in execute harm only the culprit", async ([, bomb]) => {
  expect(await harmOf(`export default { execute(r) { if (r.smoke) return; ${bomb} } }`)).toBe(
    "the culprit only",
  );
});

/** Where the bomb goes off makes no difference to how it is stopped; one of each kind is enough. */
const KINDS = ["arrays of doubles", "a growing BigInt", "strings", "typed arrays", "a Map"] as const;

test.for(KINDS)("%s after an await harm only the culprit", async (kind) => {
  expect(
    await harmOf(`export default { async execute(r) { if (r.smoke) return; await null; ${BOMBS[kind]} } }`),
  ).toBe("the culprit only");
});

test.for(KINDS)("%s in a timer harm only the culprit", async (kind) => {
  expect(
    await harmOf(
      `export default { execute: (r) => r.smoke ? undefined : new Promise(() => setTimeout(() => { ${BOMBS[kind]} }, 1)) }`,
    ),
  ).toBe("the culprit only");
});

test.for(KINDS)("%s in init fail the load, or the host ends by the culprit's hand", async (kind) => {
  expect(await harmOf(`export default { init() { ${BOMBS[kind]} }, execute() {} }`)).toBe("the culprit only");
});

test.for(KINDS)("%s in destroy harm only the culprit", async (kind) => {
  expect(await harmOf(`export default { execute() {}, destroy() { ${BOMBS[kind]} } }`)).toBe(
    "the culprit only",
  );
});

test("a lost isolate is reported, and its generation answers nothing any more", async () => {
  const host = await livingHost();
  const culprit = await host.loadNew(
    `export default { execute(r) { if (r.smoke) return; ${BOMBS["a doubled string"]} } }`,
    { cpuMicros: 2_000_000, timeoutMs: 5000 },
  );
  const waiting = await host.run([culprit]);

  const fault = await host.next(
    (frame): frame is Fault => frame.kind === "fault" && frame.generation === culprit,
  );
  const later = await host.run([culprit]);

  expect(waiting.results[0]?.failure?.cause).toBe("memory");
  expect(fault).toMatchObject({ generation: culprit, failure: { cause: "memory" } });
  expect(later.results[0]?.failure).toMatchObject({ cause: "not_loaded" });
  expect((await host.unload(culprit)).error).toBeUndefined();
});

async function livingHost(): Promise<HostDriver> {
  if (host !== undefined) return host;
  host = await HostDriver.start();
  neighbour = await host.loadNew(NEIGHBOUR);
  return host;
}

/** The neighbour is answered beside the culprit, or the host is gone by the culprit's hand and the breadcrumb says so. */
async function harmOf(source: string): Promise<string> {
  const used = await livingHost();
  const culprit = used.nextGeneration();
  const outcome = await whatBecomes(used, culprit, source);
  if (outcome.includes("blaming")) {
    host = undefined;
    await used[Symbol.asyncDispose]();
    return outcome.endsWith(`blaming ${culprit}`) ? "the culprit only" : outcome;
  }
  const { results } = await used.run([neighbour]);
  if (editsOf(results[0])[0]?.name !== "x-web-fine") return "the neighbour";
  return ["memory", "cpu", "throw", "host_busy"].includes(outcome) ? "the culprit only" : outcome;
}

/** Cause of the failure, or how the host ended and who had the CPU. */
async function whatBecomes(used: HostDriver, culprit: number, source: string): Promise<string> {
  const died = used.ended.then(({ blamed }) => `died, blaming ${blamed}`);
  return await Promise.race([
    wholeLife(used, culprit, source).catch(async () => await died),
    died,
    hung(used).then((blamed) => `hung, blaming ${blamed}`),
  ]);
}

/** Load, one question, unload: the first failure. */
async function wholeLife(used: HostDriver, culprit: number, source: string): Promise<string> {
  // Time enough for the memory to matter before the deadline does.
  const { error } = await used.load(culprit, source, { cpuMicros: 400_000, timeoutMs: 2000 });
  if (error !== undefined) return error.cause;
  const { results } = await used.run([culprit]);
  const unloaded = await used.unload(culprit);
  return results[0]?.failure?.cause ?? unloaded.error?.cause ?? "no failure";
}

/** Who has had the CPU for too long; a host where nobody has it is only slow, or done. */
async function hung(used: HostDriver): Promise<number> {
  while (!used.over) {
    await after(HUNG_AFTER);
    if (used.onCpu !== 0) return used.onCpu;
  }
  return 0;
}

async function after(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms).unref();
  await promise;
}
