import { spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

import { build } from "esbuild";
import { expect, test } from "vitest";

import { openStore } from "../../control-plane/store/open-store.ts";
import { systemClock } from "../../core/clock.ts";
import { Random } from "../fuzz-h1/random.ts";
import { expectHistory } from "../support/store-history.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const WRITER = fileURLToPath(new URL("../processes/store-writer.ts", import.meta.url));

interface Written {
  /** The highest tick that was acknowledged; 0: none. */
  readonly acknowledged: number;
  readonly lines: readonly string[];
}

/** Reads what the writer says, and kills it when it has said `lines` lines. */
async function follow(writer: ChildProcess, lines = Number.POSITIVE_INFINITY): Promise<Written> {
  const said: string[] = [];
  const ended = once(writer, "exit");
  for await (const line of createInterface({ input: writer.stdout ?? process.stdin })) {
    said.push(line);
    if (said.length === lines) writer.kill("SIGKILL");
  }
  await ended;
  const ticks = said.filter((line) => line.startsWith("tick ")).map((line) => Number(line.slice(5)));
  return { acknowledged: Math.max(0, ...ticks), lines: said };
}

/** The writer as one file: the same code, which starts in a third of the time. */
async function bundledWriter(folder: TemporaryFolder): Promise<string> {
  const outfile = folder.join("store-writer.mjs");
  await build({
    entryPoints: [WRITER],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    // Packages in CommonJS ask for modules of Node.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  return outfile;
}

/** `cache`: where the compiled code is kept, since the same process is started again and again. */
function startWriter(writer: string, folder: string, cache: string): ChildProcess {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  return spawn(process.execPath, [writer, folder], { stdio: ["ignore", "pipe", "inherit"], env });
}

/** After so many of the writer's lines it is killed. What it does until the signal is there is up to the machine. */
function linesBeforeKill(random: Random, kill: number): number {
  return kill < 10 ? 1 + (kill % 3) : 1 + random.below(12);
}

test(
  "killed 50 times at random points, no acknowledged change is lost and none is half there",
  { timeout: 400_000 },
  async ({ onTestFailed }) => {
    const seed = Number(process.env["STORE_CRASH_SEED"] ?? randomInt(2 ** 31));
    onTestFailed(() => console.error(`again with the same points: STORE_CRASH_SEED=${seed}`));
    const random = new Random(seed);
    await using folder = await TemporaryFolder.create();
    const writer = await bundledWriter(folder);
    let known = 0;
    for (let kill = 0; kill < 50; kill++) {
      // At the first start, while tables are made, every time anew; then in the middle of changes.
      const path = folder.join(kill < 10 ? `store-${kill}` : "store");
      const lines = linesBeforeKill(random, kill);
      const { acknowledged, lines: said } = await follow(
        startWriter(writer, path, folder.join("cache")),
        lines,
      );
      expect(said.length).toBeGreaterThanOrEqual(lines);

      await using store = await openStore(path, systemClock);
      const tick = await expectHistory(store);
      expect(tick).toBeGreaterThanOrEqual(acknowledged);
      if (kill < 10) continue;
      expect(tick).toBeGreaterThanOrEqual(known);
      known = tick;
    }
    expect(known).toBeGreaterThan(50);
  },
);

test("a disk that fails in the middle refuses the change, and the store can still be read", async () => {
  await using folder = await TemporaryFolder.create();
  const path = folder.join("store");
  // Files can grow to 2 MiB: SQLite meets a write that fails, as on a full disk.
  const limited = spawn(
    "bash",
    ["-c", 'ulimit -f 2048; exec "$0" "$@"', process.execPath, WRITER, path, "20000"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );

  const { acknowledged, lines } = await follow(limited);

  expect(lines.at(-2)).toMatch(/^failed unavailable the store's (disk|file)/);
  expect(lines.at(-1)).toBe(`readable ${acknowledged}`);
  expect(acknowledged).toBeGreaterThan(10);
  await using store = await openStore(path, systemClock);
  expect(await expectHistory(store)).toBe(acknowledged);
}, 60_000);

test("a second process on the same folder is told which process has it", async () => {
  await using folder = await TemporaryFolder.create();
  const path = folder.join("store");
  await using store = await openStore(path, systemClock);

  const { lines } = await follow(startWriter(WRITER, path, folder.join("cache")));

  expect(lines).toEqual([
    "starting",
    `error ${path} is in use by another process (pid ${process.pid}): only one may run on a store`,
  ]);
  expect(await store.read(async ({ tick }) => tick)).toBe(0);
});
