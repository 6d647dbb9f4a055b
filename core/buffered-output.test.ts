import { mkdtempDisposable, open, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test, vi } from "vitest";

import { bufferedOutput } from "./buffered-output.ts";

test("a line that is written leaves at once, behind those that were collected", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-output-"));
  const path = join(folder.path, "log");
  await using file = await open(path, "w");
  await using output = bufferedOutput(file.fd);

  output.collect("collected\n");
  output.write("written\n");

  await vi.waitFor(async () => expect(await readFile(path, "utf8")).toBe("collected\nwritten\n"));
});

test("lines are collected, and disposing writes what waits", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-output-"));
  const path = join(folder.path, "log");
  await using file = await open(path, "w");
  {
    await using output = bufferedOutput(file.fd);
    for (let i = 0; i < 100; i++) output.collect(`line ${i}\n`);

    expect(await readFile(path, "utf8")).toBe("");
  }

  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  expect(lines).toHaveLength(100);
  expect(lines.at(-1)).toBe("line 99");
});

test("a reader that went away costs lines and not the process", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-output-"));
  const path = join(folder.path, "log");
  await using written = await open(path, "w");
  await using readOnly = await open(path, "r");

  const output = bufferedOutput(readOnly.fd);
  output.write("x".repeat(20_000));
  output.write("behind it");
  await output[Symbol.asyncDispose]();
  await written.stat();

  expect(await readFile(path, "utf8")).toBe("");
});
