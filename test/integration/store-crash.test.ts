import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

import { expect, test } from "vitest";

import { openStore } from "../../control-plane/store/open-store.ts";
import { systemClock } from "../../core/clock.ts";
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

/** `cache`: where the compiled code is kept, since the same process is started again and again. */
function startWriter(folder: string, cache: string): ChildProcess {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  return spawn(process.execPath, [WRITER, folder], { stdio: ["ignore", "pipe", "inherit"], env });
}

test("killed 50 times at random points, no acknowledged change is lost and none is half there", async () => {
  await using folder = await TemporaryFolder.create();
  let known = 0;
  for (let kill = 0; kill < 50; kill++) {
    // At the first start, while tables are made, every time anew; then in the middle of changes.
    const path = folder.join(kill < 10 ? `store-${kill}` : "store");
    const lines = kill < 10 ? 1 + (kill % 3) : 1 + Math.floor(Math.random() * 12);
    const { acknowledged } = await follow(startWriter(path, folder.join("cache")), lines);

    await using store = await openStore(path, systemClock);
    const tick = await expectHistory(store);
    expect(tick).toBeGreaterThanOrEqual(acknowledged);
    if (kill < 10) continue;
    expect(tick).toBeGreaterThanOrEqual(known);
    known = tick;
  }
  expect(known).toBeGreaterThan(50);
}, 400_000);

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

  expect(lines.at(-2)).toMatch(/^failed unavailable the store's disk is/);
  expect(lines.at(-1)).toBe(`readable ${acknowledged}`);
  expect(acknowledged).toBeGreaterThan(10);
  await using store = await openStore(path, systemClock);
  expect(await expectHistory(store)).toBe(acknowledged);
}, 60_000);

test("a second process on the same folder is told which process has it", async () => {
  await using folder = await TemporaryFolder.create();
  const path = folder.join("store");
  await using store = await openStore(path, systemClock);

  const { lines } = await follow(startWriter(path, folder.join("cache")));

  expect(lines).toEqual([
    "starting",
    `error ${path} is in use by another process (pid ${process.pid}): only one may run on a store`,
  ]);
  expect(await store.read(async ({ tick }) => tick)).toBe(0);
});
