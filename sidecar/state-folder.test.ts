import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";

import { TemporaryFolder } from "../test/support/temporary-folder.ts";
import { stateFolder } from "./state-folder.ts";

test("it is made for this user alone", async () => {
  await using folder = await TemporaryFolder.create();
  const path = folder.join("state");

  expect(stateFolder(path)).toBe(path);
  expect(stateFolder(path)).toBe(path);
});

test("one that others may write to is refused, for what lies there is run", async () => {
  await using folder = await TemporaryFolder.create();
  const path = folder.join("open");
  mkdirSync(path);
  chmodSync(path, 0o777);

  expect(() => stateFolder(path)).toThrow(/nobody else may write/);
});

test.runIf(process.platform === "linux")(
  "one that cannot be made is an error that names it and the setting",
  () => {
    expect(() => stateFolder("/proc/sluice")).toThrow(
      /^\/proc\/sluice cannot be made: ENOENT.*--state-folder$/,
    );
  },
);

test("a link that somebody put in its place is refused", async () => {
  await using folder = await TemporaryFolder.create();
  const path = folder.join("link");
  mkdirSync(folder.join("elsewhere"));
  symlinkSync(folder.join("elsewhere"), path);

  expect(() => stateFolder(path)).toThrow(/must be a folder/);
});
