import { existsSync, lstatSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";

import { TemporaryFolder } from "../test/support/temporary-folder.ts";
import { makeFolder } from "./make-folder.ts";

test("it is made with all that is missing above it, for this user alone, and may be there already", async () => {
  await using folder = await TemporaryFolder.create();

  makeFolder(folder.join("a/b/c"));
  makeFolder(folder.join("a/b/c"));
  makeFolder(folder.join("a/b/d/"));

  for (const path of ["a", "a/b", "a/b/c", "a/b/d"]) {
    expect(lstatSync(folder.join(path)).mode & 0o777).toBe(0o700);
  }
});

test("a link to a folder is one, and a file is none, nor is there anything below it", async () => {
  await using folder = await TemporaryFolder.create();
  makeFolder(folder.join("real"));
  symlinkSync(folder.join("real"), folder.join("link"));
  symlinkSync(folder.join("nowhere"), folder.join("dangling"));
  writeFileSync(folder.join("file"), "");

  makeFolder(folder.join("link/below"));

  expect(existsSync(folder.join("real/below"))).toBe(true);
  expect(() => makeFolder(folder.join("file"))).toThrow(/EEXIST/);
  expect(() => makeFolder(folder.join("dangling"))).toThrow(/EEXIST/);
  expect(() => makeFolder(folder.join("dangling/below"))).toThrow(/EEXIST|ENOENT/);
  expect(() => makeFolder(folder.join("file/below/it"))).toThrow(/ENOTDIR/);
  expect(() => makeFolder("")).toThrow(/ENOENT/);
});

test.runIf(process.platform === "linux")("where the system lets nobody make one, it says so and ends", () => {
  expect(() => makeFolder("/proc/sluice")).toThrow(/ENOENT.*\/proc\/sluice/);
  expect(() => makeFolder("/proc/sluice/below/it")).toThrow(/ENOENT.*\/proc\/sluice'/);
});
