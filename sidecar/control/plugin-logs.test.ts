import { readdir, stat } from "node:fs/promises";

import { expect, test } from "vitest";

import { systemClock } from "../../core/clock.ts";
import type { LogLines } from "../../proto/gen/mesh/v1/LogLines.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { LogQuestions } from "./log-questions.ts";
import { PluginLogs } from "./plugin-logs.ts";

const line = (plugin: string, text: string): string => JSON.stringify({ level: 30, plugin, msg: text });

/** The last lines; undefined: there is no log. */
async function tail(logs: PluginLogs, plugin: string, tailBytes: number) {
  const part = await logs.read(plugin, { after: "", tailBytes });
  return part?.entries.map(({ line }) => line);
}

async function setUp() {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await TemporaryFolder.create());
  const logs = stack.use(new PluginLogs(folder.join("logs"), systemClock));
  return { folder, logs, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("lines about a plugin are kept under its name, others are not", async () => {
  await using kept = await setUp();
  const { logs } = kept;
  logs.write(`${line("guard", "one")}\n${JSON.stringify({ msg: "no plugin" })}\n`);
  logs.write(`${line("tag", "two")}\n`);
  logs.write(`${line("../../etc/passwd", "three")}\n`);

  expect(await tail(logs, "guard", 1_000)).toEqual([line("guard", "one")]);
  expect(await tail(logs, "tag", 1_000)).toEqual([line("tag", "two")]);
  expect(await tail(logs, "nobody", 1_000)).toBeUndefined();
  expect((await readdir(kept.folder.join("logs"))).toSorted()).toEqual(["guard.log", "tag.log"]);
});

test("a line that names plugins in what it tells is about none of them", async () => {
  await using kept = await setUp();
  const applied = {
    level: 30,
    msg: "configuration applied",
    plugins: [{ plugin: "guard" }, { plugin: "tag" }],
  };
  kept.logs.write(`${JSON.stringify(applied)}\n{"plugin":"guard", broken\n`);

  expect(await tail(kept.logs, "guard", 1_000)).toBeUndefined();
});

test("a tail is whole lines and at most so many bytes", async () => {
  await using kept = await setUp();
  for (const text of ["first", "second", "third"]) kept.logs.write(`${line("guard", text)}\n`);
  const two = line("guard", "second").length + line("guard", "third").length + 2;

  expect(await tail(kept.logs, "guard", two)).toEqual([line("guard", "second"), line("guard", "third")]);
  expect(await tail(kept.logs, "guard", two - 1)).toEqual([line("guard", "third")]);
});

test("two files of a MiB are kept, whatever a plugin writes, and the end is always there", async () => {
  await using kept = await setUp();
  const text = "x".repeat(1_000);
  for (let round = 0; round < 40; round++) {
    for (let count = 0; count < 100; count++) kept.logs.write(`${line("guard", `${round} ${text}`)}\n`);
    await tail(kept.logs, "guard", 1);
  }
  const names = await readdir(kept.folder.join("logs"));
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(kept.folder.join("logs", name))).size),
  );
  expect(names.toSorted()).toEqual(["guard.log", "guard.log.1"]);
  for (const size of sizes) expect(size).toBeLessThanOrEqual(1024 * 1024);
  expect((await tail(kept.logs, "guard", 2_000))?.at(-1)).toContain('"39 x');
});

test("an earlier life's lines are still there, until the plugin is forgotten", async () => {
  await using kept = await setUp();
  kept.logs.write(`${line("guard", "before")}\n`);
  await kept.logs[Symbol.asyncDispose]();
  const logs = new PluginLogs(kept.folder.join("logs"), systemClock);
  logs.write(`${line("guard", "after")}\n`);
  expect(await tail(logs, "guard", 1_000)).toHaveLength(2);

  await logs.forget("guard");
  expect(await tail(logs, "guard", 1_000)).toBeUndefined();
});

test("what is dropped because a plugin writes too much at once is a line of its log, and counted", async () => {
  await using kept = await setUp();
  const text = "x".repeat(1_000);
  for (let count = 0; count < 300; count++) kept.logs.write(`${line("guard", text)}\n`);

  const lines = (await tail(kept.logs, "guard", 1024 * 1024)) ?? [];

  const dropped = 300 - (lines.length - 1);
  expect(dropped).toBeGreaterThan(0);
  expect(JSON.parse(lines.at(-1) ?? "")).toEqual({
    level: 40,
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    plugin: "guard",
    dropped,
    msg: "log lines of a plugin were dropped: it wrote more than 256KiB within 200 ms",
  });
  expect(kept.logs.dropped).toEqual({ rate: dropped, disk: 0, plugins: 0 });
  kept.logs.write(`${line("guard", "next")}\n`);
  expect(await tail(kept.logs, "guard", 60)).toEqual([line("guard", "next")]);
});

test("lines that the disk does not take are counted", async () => {
  await using folder = await TemporaryFolder.create();
  await using logs = new PluginLogs(await folder.write("logs", "not a folder"), systemClock);
  logs.write(`${line("guard", "one")}\n${line("guard", "two")}\n`);

  expect(await tail(logs, "guard", 1_000)).toBeUndefined();
  expect(logs.dropped).toEqual({ rate: 0, disk: 2, plugins: 0 });
});

/** Asks, and collects the answers. */
function asker(logs: PluginLogs) {
  const answers: LogLines[] = [];
  const wanted = new Set<() => void>();
  const questions = new LogQuestions(logs, {
    send: ({ log }) => {
      if (log) answers.push(log);
      for (const resolve of wanted) resolve();
      return true;
    },
    drained: async () => {},
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => wanted.add(resolve));
  };
  const ask = { id: 1, plugin: "guard", tailBytes: 1_000, follow: false, stop: false, after: "" };
  return { questions, answers, until, ask };
}

test("a question is answered by the tail and its end; about a plugin that never logged, by why", async () => {
  await using kept = await setUp();
  const { questions, answers, until, ask } = asker(kept.logs);
  questions.ask(ask);
  await until(() => answers.length === 1);
  expect(answers[0]).toMatchObject({ end: true, problem: "guard has logged nothing on this node" });

  kept.logs.write(`${line("guard", "one")}\n`);
  questions.ask({ ...ask, id: 2 });
  await until(() => answers.length === 3);
  expect(answers.slice(1)).toMatchObject([
    { id: 2, lines: [line("guard", "one")], end: false },
    { id: 2, lines: [], end: true, problem: "" },
  ]);
});

test("who follows gets what comes, until it is stopped", async () => {
  await using kept = await setUp();
  const { questions, answers, until, ask } = asker(kept.logs);
  kept.logs.write(`${line("guard", "one")}\n`);
  questions.ask({ ...ask, follow: true });
  await until(() => answers.length === 1);
  kept.logs.write(`${line("guard", "two")}\n`);
  await until(() => answers.length === 2);
  questions.ask({ ...ask, stop: true });
  kept.logs.write(`${line("guard", "three")}\n`);

  await tail(kept.logs, "guard", 1);
  expect(answers.flatMap(({ lines = [] }) => lines)).toEqual([line("guard", "one"), line("guard", "two")]);
});

test("names that are none, and too many questions, are refused", async () => {
  await using kept = await setUp();
  const { questions, answers, ask } = asker(kept.logs);
  questions.ask({ ...ask, plugin: "../node-id" });
  expect(answers).toMatchObject([{ end: true, problem: "that is no name of a plugin" }]);
  for (let id = 2; id < 40; id++) questions.ask({ ...ask, id, follow: true });
  expect(answers.at(-1)).toMatchObject({ id: 39, end: true, problem: expect.stringMatching(/too many/) });
  questions[Symbol.dispose]();
});
