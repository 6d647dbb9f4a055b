import { afterAll, beforeAll, expect, test } from "vitest";

import type { Fault } from "../../../sidecar/plugin-host/protocol/messages.ts";
import { LOOPS, NEIGHBOUR } from "../../support/bombs.ts";
import { editsOf, HostDriver } from "../../support/host-driver.ts";

// Plugins that never give the CPU back, wherever they get it: each is cut off, and nobody else notices. One host.
let host: HostDriver;
let neighbour: number;
beforeAll(async () => {
  host = await HostDriver.start();
  neighbour = await host.loadNew(NEIGHBOUR);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

/** A machine that is busy with other things may not have given it its budget before the deadline. */
const CUT_OFF = /^(cpu|host_busy)$/;

/** The promise chains go on after the function returned; a plugin that waits for ever keeps them company. */
const FOREVER = "const await_forever = () => {};";

test.for(Object.entries(LOOPS))("%s in execute is cut off and blamed, others go on", async ([, loop]) => {
  const culprit = await host.loadNew(
    `${FOREVER} export default { execute(r) { if (r.smoke) return; ${loop} } }`,
  );

  expect(await causesBeside(culprit)).toEqual(["cpu", undefined, undefined]);
});

test.for(Object.entries(LOOPS))("%s after an await is cut off and blamed, others go on", async ([, loop]) => {
  const culprit = await host.loadNew(
    `${FOREVER} export default { async execute(r) { if (r.smoke) return; await null; ${loop} await new Promise(() => {}); } }`,
  );

  expect(await causesBeside(culprit)).toEqual(["cpu", undefined, undefined]);
});

test.for(Object.entries(LOOPS))("%s in a timer of a question is cut off and blamed", async ([, loop]) => {
  const culprit = await host.loadNew(
    `${FOREVER} export default { execute: (r) => r.smoke ? undefined : new Promise(() => setTimeout(() => { ${loop} }, 1)) }`,
  );

  expect(await causesBeside(culprit)).toEqual(["cpu", undefined, undefined]);
});

test.for(Object.entries(LOOPS))("%s in a timer of nobody is cut off and reported", async ([, loop]) => {
  const culprit = await host.loadNew(
    `${FOREVER} export default { init() { setTimeout(() => { ${loop} }, 1); }, execute() {} }`,
  );

  const fault = await host.next(
    (frame): frame is Fault => frame.kind === "fault" && frame.generation === culprit,
  );

  expect(fault.lost).toBe(false);
  expect(fault.failure.cause).toMatch(CUT_OFF);
  expect(await neighbourFailure()).toBeUndefined();
});

test.for(Object.entries(LOOPS))("%s in init, and after an await there, fails the load", async ([, loop]) => {
  for (const start of ["", "await null;"]) {
    const { error } = await host.load(
      host.nextGeneration(),
      `${FOREVER} export default { async init() { ${start} ${loop} await new Promise(() => {}); }, execute() {} }`,
      {
        hookTimeoutMs: 100,
      },
    );
    expect(error?.cause).toMatch(CUT_OFF);
  }
  expect(await neighbourFailure()).toBeUndefined();
});

test("a loop at the top level of the script fails the load", async () => {
  const { error } = await host.load(host.nextGeneration(), "for (;;);", { hookTimeoutMs: 100 });

  expect(error?.cause).toMatch(CUT_OFF);
  expect(await neighbourFailure()).toBeUndefined();
});

test("an overrun that leaves an unhandled rejection behind is an overrun all the same", async () => {
  const culprit = await host.loadNew(
    `export default { execute(r) { if (r.smoke) return; Promise.reject(new Error("left behind"));
      const end = Date.now() + 22; while (Date.now() < end); } }`,
  );

  const { results } = await host.run([culprit]);

  // A busy machine may have given it less in that time.
  const { failure, micros = 0 } = results[0] ?? {};
  expect(failure?.cause === "cpu").toBe(micros > 10_000);
});

test("a rejection that says what a deadline says is no deadline", async () => {
  const culprit = await host.loadNew(
    `export default { execute(r) { if (!r.smoke) Promise.reject(new Error("Script execution timed out.")); } }`,
  );

  const { results } = await host.runUntilTold([culprit]);

  expect(results[0]?.failure).toBeUndefined();
});

test("deep recursion is an error of the plugin", async () => {
  const culprit = await host.loadNew(
    `export default { execute(r) { if (r.smoke) return; const down = () => down() + 1; return down(); } }`,
  );

  const { results } = await host.runUntilTold([culprit]);

  expect(results[0]?.failure?.cause).toBe("throw");
  expect(results[0]?.failure?.detail).toContain("Maximum call stack size exceeded");
});

test("a loop in a getter, a toString or a proxy of the answer is cut off and blamed", async () => {
  const answers = [
    "{ get httpCode() { for (;;); } }",
    "{ headerSet: { 'x-web-a': [{ toString() { for (;;); } }] } }",
    "new Proxy({}, { ownKeys() { for (;;); } })",
    "{ headerSet: new Proxy([], { get() { for (;;); } }) }",
    "{ get then() { for (;;); } }",
    "{ then(resolve) { for (;;); } }",
  ];
  for (const answer of answers) {
    const culprit = await host.loadNew(
      `export default { execute: (r) => r.smoke ? undefined : (${answer}) }`,
    );

    const { results } = await host.runUntilTold([culprit, neighbour]);

    expect([results[0]?.failure?.cause, results[1]?.failure]).toEqual([
      answer.includes("toString") ? "invalid_answer" : "cpu",
      undefined,
    ]);
  }
});

test("a loop while an error is described is cut off", async () => {
  const thrown = [
    "{ toString() { for (;;); } }",
    "Object.defineProperty(new Error('x'), 'stack', { get() { for (;;); } })",
    "new Proxy(new Error('x'), { get() { for (;;); }, getPrototypeOf() { for (;;); } })",
    "(Error.prepareStackTrace = () => { for (;;); }, null).x",
  ];
  for (const each of thrown) {
    const culprit = await host.loadNew(`export default { execute(r) { if (!r.smoke) throw ${each}; } }`);

    const { results } = await host.runUntilTold([culprit, neighbour]);

    expect(["cpu", "throw"]).toContain(results[0]?.failure?.cause);
    expect(results[1]?.failure).toBeUndefined();
  }
});

test("timers that use more than their share of the CPU are put off, and others keep their time", async () => {
  const greedy = await host.loadNew(`export default { execute() {}, init({ log }) {
    setInterval(() => { const until = Date.now() + 4; while (Date.now() < until); log.info("tick"); }, 1); } }`);

  const began = performance.now();
  for (let i = 0; i < 100; i++) {
    await host.run([neighbour]);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const ticks = host.frames.filter((frame) => frame.kind === "log" && frame.generation === greedy).length;

  const elapsed = performance.now() - began;
  expect(ticks * 4).toBeLessThan(elapsed * 0.25);
  host.send({ kind: "unload", generation: greedy, abandon: false });
});

/** Of the culprit, of the neighbour in the same run, and of the neighbour afterwards. */
async function causesBeside(culprit: number): Promise<(string | undefined)[]> {
  const { results } = await host.runUntilTold([culprit, neighbour]);
  const after = await neighbourFailure();
  return [
    results[0]?.failure?.cause,
    results[1] === undefined ? "not asked" : results[1].failure?.cause,
    after,
  ];
}

async function neighbourFailure(): Promise<string | undefined> {
  const { results } = await host.runUntilTold([neighbour]);
  return editsOf(results[0])[0]?.name === "x-web-fine"
    ? undefined
    : (results[0]?.failure?.cause ?? "no answer");
}
