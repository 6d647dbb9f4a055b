import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test, type TestContext } from "vitest";

import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { PackageCache } from "../../core/packages/package-cache.ts";
import { packPlugin } from "../../core/packages/pack.ts";
import type { LoadOutcome, PluginInstance } from "../../sidecar/plugins/plugin-runtime.ts";
import { ProcessRuntime } from "../../sidecar/plugins/process/process-runtime.ts";
import { ask } from "../support/plugin-spec.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const EXAMPLE = fileURLToPath(new URL("../../plugins-example/python-maintenance", import.meta.url));
const CONTRACTS = fileURLToPath(new URL("../../proto/mesh/v1", import.meta.url));
/** As the process runtime sets it. */
const PATH = "/usr/local/bin:/usr/bin:/bin";

function isThere(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { env: { PATH } }).status === 0;
}

/** Says plainly why a test does not run here. */
function needPython(context: TestContext): void {
  if (!isThere("python3", "-c", "import grpc, google.protobuf"))
    context.skip(
      "python3 with grpcio and protobuf is missing: apt-get install python3-grpcio python3-protobuf",
    );
}

/** The example, packed, unpacked and started as a sidecar does it. */
class RunningExample implements AsyncDisposable {
  readonly outcome: LoadOutcome;
  readonly #runtime: ProcessRuntime;
  readonly #folder: TemporaryFolder;

  private constructor(outcome: LoadOutcome, runtime: ProcessRuntime, folder: TemporaryFolder) {
    this.outcome = outcome;
    this.#runtime = runtime;
    this.#folder = folder;
  }

  static async start(config: unknown): Promise<RunningExample> {
    const folder = await TemporaryFolder.create();
    const { zip } = await packPlugin(EXAMPLE);
    const found = await new PackageCache(folder.path).add("python-maintenance.zip", zip);
    const runtime = new ProcessRuntime({ clock: systemClock, log: createLogger("silent") });
    const { timeout, cpu, memory } = found.manifest;
    const outcome = await runtime.load({
      package: found,
      config,
      secrets: [],
      tag: "",
      timeout,
      cpu,
      memory,
    });
    return new RunningExample(outcome, runtime, folder);
  }

  get instance(): PluginInstance {
    if (this.outcome.kind === "failed") throw new Error(this.outcome.detail);
    return this.outcome.instance;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runtime[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

const aroundNow = (): object => {
  const at = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  return { windows: [{ from: at(-1), until: at(1) }], message: "zurück um drei", letPass: ["10.0.0.7"] };
};

test("while a window is open the Python plugin answers 503, but not to those who do the work", async (context) => {
  needPython(context);
  await using example = await RunningExample.start(aroundNow());

  const { verdict } = await ask(example.instance);
  const worker = await ask(example.instance, { message: { remoteIp: "10.0.0.7" } });

  expect(example.instance.fault).toBeUndefined();
  expect(worker.verdict).toEqual({ kind: "allow" });
  expect(verdict).toMatchObject({
    kind: "block",
    answer: { status: 503, body: Buffer.from("zurück um drei"), headers: [{ name: "Retry-After" }, {}] },
  });
  const seconds = verdict.kind === "block" ? Number(verdict.answer.headers[0]?.values[0]) : 0;
  expect(seconds).toBeGreaterThan(3_500);
  expect(seconds).toBeLessThanOrEqual(3_600);
});

test("without a window the Python plugin lets everybody pass, many at once", async (context) => {
  needPython(context);
  await using example = await RunningExample.start({ windows: [] });

  const results = await Promise.all(Array.from({ length: 200 }, () => ask(example.instance)));

  expect(results.every(({ verdict }) => verdict.kind === "allow")).toBe(true);
});

test("a config that the Python plugin does not take is a load failure in its own words", async (context) => {
  needPython(context);
  const config = { windows: [{ from: "2026-03-01T04:00:00Z", until: "2026-03-01T02:00:00Z" }] };
  await using example = await RunningExample.start(config);

  expect(example.outcome).toMatchObject({ kind: "failed", cause: "not_loaded" });
  expect(example.outcome.kind === "failed" && example.outcome.detail).toMatch(
    /refuses Describe: windows\[0\]: until is not after from/,
  );
});

test("the generated file of the Python plugin is what protoc makes of the contract", async (context) => {
  const version = spawnSync("protoc", ["--version"], { encoding: "utf8", env: { PATH } }).stdout ?? "";
  // Another release of protoc writes another frame around the same contract.
  if (!version.startsWith("libprotoc 3.21."))
    context.skip("protoc 3.21 is missing: apt-get install protobuf-compiler");
  await using folder = await TemporaryFolder.create();
  mkdirSync(folder.join("made"));

  spawnSync("protoc", ["-I", CONTRACTS, `--python_out=${folder.join("made")}`, "plugin.proto"], {
    env: { PATH },
  });

  expect(readFileSync(`${EXAMPLE}/bin/plugin_pb2.py`, "utf8")).toBe(
    readFileSync(folder.join("made/plugin_pb2.py"), "utf8"),
  );
});
