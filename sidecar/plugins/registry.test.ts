import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import type { Generation } from "../chain/generation.ts";
import type { SegmentRunner } from "../chain/runner.ts";
import type { GenerationSpec, Prepared } from "./generation-registry.ts";
import type { LoadOutcome, PluginRuntime } from "./plugin-runtime.ts";
import { Registry } from "./registry.ts";
import { isolateManifest } from "../../test/support/isolate-manifest.ts";

const runner: SegmentRunner = {
  run: () => ({ cancel: () => undefined }),
};

/** A runtime that loads whatever it is given, until it is told not to. */
class PlainRuntime implements PluginRuntime {
  readonly name = "isolate";
  readonly loads: number[] = [];
  readonly unloads: number[] = [];
  broken: string | undefined;
  disposed = false;

  async load(_spec: GenerationSpec, generation: number): Promise<LoadOutcome> {
    this.loads.push(generation);
    if (this.broken !== undefined) return { kind: "failed", cause: "throw", detail: this.broken };
    return {
      kind: "loaded",
      instance: {
        runner,
        fault: undefined,
        faultDetail: undefined,
        probe: () => undefined,
        unload: async () => void this.unloads.push(generation),
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }
}

function specOf(digest: string, config: unknown = {}, name = "a"): GenerationSpec {
  const manifest = isolateManifest(name);
  const plugin = { manifest, digest, directory: "/", source: "", configSchema: undefined };
  return { package: plugin, config, secrets: [], tag: "", timeout: 50, cpu: 10, memory: 1 };
}

function setUp() {
  const runtime = new PlainRuntime();
  const clock = new ManualClock();
  const registry = new Registry({ runtimes: [runtime], clock, log: createLogger("silent") });
  const prepare = async (spec: GenerationSpec): Promise<Prepared> => {
    const prepared = (await registry.prepare([spec])).get(spec);
    if (prepared === undefined) throw new Error("nothing was prepared");
    return prepared;
  };
  const ready = async (spec: GenerationSpec): Promise<Generation> => {
    const prepared = await prepare(spec);
    if (prepared.kind !== "ready") throw new Error(prepared.detail);
    return prepared.generation;
  };
  return { runtime, clock, registry, prepare, ready };
}

/** A chain that named it is superseded, and no exchange needs it any more. */
function letGo(generation: Generation): void {
  generation.retire();
  generation.release();
}

test("the same spec is the same generation, another configuration is another one", async () => {
  const { ready, runtime } = setUp();

  const [first, again] = await Promise.all([ready(specOf("d")), ready(specOf("d"))]);
  const other = await ready(specOf("d", { on: true }));

  expect(again).toBe(first);
  expect(other).not.toBe(first);
  expect(runtime.loads).toEqual([1, 2]);
});

test("a generation goes when the last chain lets it go, and is made anew when it is wanted again", async () => {
  const { ready, runtime } = setUp();
  const generation = await ready(specOf("d"));

  generation.acquire();
  generation.acquire();
  letGo(generation);
  expect(runtime.unloads).toEqual([]);
  letGo(generation);

  expect(runtime.unloads).toEqual([1]);
  expect(generation).toMatchObject({ expired: true, fault: "not_loaded" });
  expect(await ready(specOf("d"))).toMatchObject({ generation: 2, expired: false });
});

test("what no chain takes is gone after the drain", async () => {
  const { ready, runtime, clock } = setUp();
  await ready(specOf("d"));

  clock.advance(29_999);
  expect(runtime.unloads).toEqual([]);
  clock.advance(1);

  expect(runtime.unloads).toEqual([1]);
});

test("an old generation expires 30 s after no chain in force names it, though exchanges still hold it", async () => {
  const { ready, clock } = setUp();
  const old = await ready(specOf("old"));
  old.acquire();
  const next = await ready(specOf("new"));
  next.acquire();
  old.retire();

  clock.advance(29_999);
  expect(old.expired).toBe(false);
  clock.advance(1);

  expect(old.expired).toBe(true);
  expect(next.expired).toBe(false);
});

test("a generation that is taken again after a rollback does not expire", async () => {
  const { ready, clock } = setUp();
  const old = await ready(specOf("old"));
  old.acquire();
  const next = await ready(specOf("new"));
  next.acquire();
  const again = await ready(specOf("old"));
  again.acquire();
  letGo(old);
  letGo(next);
  clock.advance(60_000);

  expect(again).toBe(old);
  expect(old.expired).toBe(false);
  expect(next.expired).toBe(true);
});

test("at most two old generations of a plugin are kept, the oldest goes first", async () => {
  const { ready } = setUp();
  const generations: Generation[] = [];
  for (const digest of ["1", "2", "3", "4"]) {
    const generation = await ready(specOf(digest));
    generation.acquire();
    generations.at(-1)?.retire();
    generations.push(generation);
  }

  expect(generations.map(({ expired }) => expired)).toEqual([true, false, false, false]);
});

test("two versions of a plugin that a chain names live side by side, however long", async () => {
  const { ready, clock, registry } = setUp();
  const base = await ready(specOf("base"));
  const gray = await ready(specOf("gray"));
  for (const generation of [base, gray]) generation.acquire();

  clock.advance(3_600_000);

  expect([base.expired, gray.expired]).toEqual([false, false]);
  expect(registry.status.map(({ digest, state }) => [digest, state])).toEqual([
    ["base", "RUNNING"],
    ["gray", "RUNNING"],
  ]);
});

test("after a failure the generation that runs goes on, and the status says what failed", async () => {
  const { ready, prepare, registry, runtime } = setUp();
  const running = await ready(specOf("good"));
  running.acquire();
  runtime.broken = "init threw: no table";

  const prepared = await prepare(specOf("bad"));

  expect(prepared).toEqual({ kind: "failed", cause: "throw", detail: "init threw: no table" });
  expect(registry.status).toMatchObject([
    { plugin: "a", digest: "good", state: "RUNNING", references: 1 },
    { plugin: "a", digest: "bad", state: "FAILED", detail: "init threw: no table" },
  ]);
});

test("a failure is forgotten when what ran before it is wanted again", async () => {
  const { ready, prepare, registry, runtime } = setUp();
  (await ready(specOf("good"))).acquire();
  runtime.broken = "init threw";
  await prepare(specOf("bad"));

  await prepare(specOf("good"));

  expect(registry.status.map(({ digest, state }) => [digest, state])).toEqual([["good", "RUNNING"]]);
});

test("one plugin's failure does not touch another, and a runtime that is not there is such a failure", async () => {
  const { registry } = setUp();
  const remote = specOf("r", {}, "b");
  const manifest = { ...remote.package.manifest, runtime: "remote" as const };

  const specs = [specOf("d"), { ...remote, package: { ...remote.package, manifest } }];
  const prepared = await registry.prepare(specs);

  expect(specs.map((spec) => prepared.get(spec))).toMatchObject([
    { kind: "ready" },
    { kind: "failed", cause: "not_loaded" },
  ]);
});

test("disposing of it ends every generation and then the runtimes", async () => {
  const { ready, registry, runtime, prepare } = setUp();
  (await ready(specOf("1"))).acquire();
  await ready(specOf("2"));

  await registry[Symbol.asyncDispose]();

  expect(runtime.unloads).toEqual([1, 2]);
  expect(runtime.disposed).toBe(true);
  expect(await prepare(specOf("3"))).toMatchObject({ kind: "failed" });
});
