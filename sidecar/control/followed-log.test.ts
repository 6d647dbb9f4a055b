import { array, assert, asyncProperty, integer, oneof, constant, record } from "fast-check";
import { expect, test } from "vitest";

import { systemClock } from "../../core/clock.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { PluginLogs } from "./plugin-logs.ts";

const AFTER_NOTHING = { after: "", tailBytes: 10_000_000 };

/** A log on a disk, which outlives those who write it. */
async function setUp() {
  const folder = await TemporaryFolder.create();
  let logs = new PluginLogs(folder.join("logs"), systemClock);
  let [count, gathered] = [0, 0];
  return {
    logs: () => logs,
    /** The next line, with its number and of about so many bytes. */
    write: async (bytes: number): Promise<void> => {
      const msg = `${count++} ${"é".repeat(bytes / 2)}`;
      logs.write(`${JSON.stringify({ level: 30, plugin: "guard", msg })}\n`);
      gathered += bytes;
      if (gathered < 200_000) return;
      // More than so much at once is not taken.
      await logs.read("guard", AFTER_NOTHING);
      gathered = 0;
    },
    restart: async (): Promise<void> => {
      await logs[Symbol.asyncDispose]();
      logs = new PluginLogs(folder.join("logs"), systemClock);
    },
    written: () => count,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await logs[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Somebody who reads a log, and goes on after the last line that they have seen. */
class Reader {
  readonly seen: number[] = [];
  lost = 0;
  #position = "";
  #following: Disposable | undefined;

  async begin(logs: PluginLogs): Promise<void> {
    this.#following?.[Symbol.dispose]();
    const start = { ...AFTER_NOTHING, after: this.#position };
    const { part, following } = await logs.follow("guard", start, (entries) => this.#take(entries));
    this.#following = following;
    if (part === undefined) return;
    if (part.lost) this.lost++;
    this.#take(part.entries);
    this.#position = part.position;
  }

  leave(): void {
    this.#following?.[Symbol.dispose]();
  }

  #take(entries: readonly { readonly line: string; readonly position: string }[]): void {
    for (const { line, position } of entries) {
      this.seen.push(Number.parseInt((JSON.parse(line) as { msg: string }).msg));
      this.#position = position;
    }
  }
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

const steps = array(
  oneof(
    {
      weight: 4,
      arbitrary: record({ kind: constant("write" as const), bytes: integer({ min: 2, max: 40_000 }) }),
    },
    record({ kind: constant("begin" as const) }),
    record({ kind: constant("leave" as const) }),
    record({ kind: constant("restart" as const) }),
  ),
  { minLength: 5, maxLength: 40 },
);

test("however often a reader comes again, no line is missing and none is there twice", async () => {
  await assert(
    asyncProperty(steps, async (history) => {
      await using log = await setUp();
      const reader = new Reader();
      for (const step of history) {
        if (step.kind === "write") await log.write(step.bytes);
        else if (step.kind === "begin") await reader.begin(log.logs());
        else if (step.kind === "leave") reader.leave();
        else await log.restart();
      }
      await reader.begin(log.logs());
      expect(reader.seen).toEqual(upTo(log.written()));
      expect(reader.lost).toBe(0);
    }),
    { numRuns: 40 },
  );
});

test("lines that are kept no more are missed, and no other is told twice", async () => {
  await using log = await setUp();
  const reader = new Reader();
  for (let line = 0; line < 10; line++) await log.write(100);
  await reader.begin(log.logs());
  reader.leave();

  for (let line = 0; line < 150; line++) await log.write(30_000);
  await reader.begin(log.logs());

  expect(reader.lost).toBe(1);
  expect(reader.seen.slice(0, 10)).toEqual(upTo(10));
  const others = reader.seen.slice(10);
  expect(others[0]).toBeGreaterThan(10);
  expect(others.at(-1)).toBe(log.written() - 1);
  expect(new Set(others).size).toBe(others.length);
});

test("of a plugin that was forgotten what comes later is told, as after a gap", async () => {
  await using log = await setUp();
  const reader = new Reader();
  await log.write(10);
  await reader.begin(log.logs());
  await log.logs().forget("guard");
  reader.leave();
  await log.write(10);

  await reader.begin(log.logs());

  expect([reader.seen, reader.lost]).toEqual([[0, 1], 1]);
});
