import { expect, test } from "vitest";

import { runBounded } from "./bounded-run.ts";

const TIMEOUT = expect.objectContaining({ code: "ERR_SCRIPT_EXECUTION_TIMEOUT" }) as unknown;

/** Time passes, and this thread does not have the CPU. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

test("what ends in time gives its result, and what it throws goes through", () => {
  expect(runBounded(1_000, () => 42)).toBe(42);
  expect(() =>
    runBounded(1_000, () => {
      throw new TypeError("mine");
    }),
  ).toThrow(new TypeError("mine"));
});

test.for([
  [
    "an endless loop",
    (): void =>
      void (() => {
        for (;;);
      })(),
  ],
  ["a regular expression without end", (): void => void /^(a+)+$/.test(`${"a".repeat(40)}!`)],
] as const)("%s is ended after its time on the CPU", ([, run]) => {
  const before = process.threadCpuUsage();

  expect(() => runBounded(50, run)).toThrow(TIMEOUT);

  const { user, system } = process.threadCpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(1_000);
});

test("code that did not get the CPU is run again with more time", () => {
  let runs = 0;
  const result = runBounded(100, () => {
    runs++;
    sleep(250);
    return "done";
  });

  expect(result).toBe("done");
  expect(runs).toBe(3);
});

test("code that never gets done is given up although it uses no CPU", () => {
  expect(() => runBounded(5, () => sleep(10_000))).toThrow(TIMEOUT);
});
