import { expect, test } from "vitest";

import { pluginSpec } from "../../test/support/plugin-spec.ts";
import { DeferredRuntime } from "./deferred-runtime.ts";
import type { LoadOutcome, PluginRuntime } from "./plugin-runtime.ts";

const SPEC = pluginSpec({ runtime: "remote", address: "127.0.0.1:1" });
const OUTCOME: LoadOutcome = { kind: "failed", cause: "unreachable", detail: "nobody is there" };

class Recorded implements PluginRuntime {
  readonly name = "remote";
  readonly loads: number[] = [];
  disposed = 0;

  load(_spec: unknown, generation: number): Promise<LoadOutcome> {
    this.loads.push(generation);
    return Promise.resolve(OUTCOME);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.disposed++;
    return Promise.resolve();
  }
}

test("the runtime is made with its first plugin, once, and ends with the one that stands for it", async () => {
  const made: Recorded[] = [];
  const deferred = new DeferredRuntime("remote", () => {
    const runtime = new Recorded();
    made.push(runtime);
    return Promise.resolve(runtime);
  });
  expect(made).toHaveLength(0);

  const outcomes = await Promise.all([deferred.load(SPEC, 1), deferred.load(SPEC, 2)]);
  await deferred[Symbol.asyncDispose]();

  expect(outcomes).toEqual([OUTCOME, OUTCOME]);
  expect(made.map(({ loads, disposed }) => ({ loads, disposed }))).toEqual([{ loads: [1, 2], disposed: 1 }]);
});

test("what nobody needed is not made in order to end it", async () => {
  const deferred = new DeferredRuntime("remote", () => Promise.reject(new Error("made after all")));

  await expect(deferred[Symbol.asyncDispose]()).resolves.toBeUndefined();
});

test("a runtime that cannot be made is why each of its plugins is not loaded", async () => {
  await using deferred = new DeferredRuntime("remote", () => Promise.reject(new Error("no such module")));

  const failure = { kind: "failed", cause: "not_loaded", detail: "no such module" };
  expect(await deferred.load(SPEC, 1)).toEqual(failure);
  expect(await deferred.load(SPEC, 2)).toEqual(failure);
});
