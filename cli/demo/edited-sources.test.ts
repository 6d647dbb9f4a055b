import { symlink } from "node:fs/promises";

import { expect, test } from "vitest";

import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { EditedSources } from "./edited-sources.ts";

test("a file that a script lacked counts once when it has come", async () => {
  await using folder = await TemporaryFolder.create();
  const sources = new EditedSources();
  sources.set("tagger", { sources: [], missing: [folder.join("tag.ts")] });

  expect(sources.completed()).toEqual([]);
  await folder.write("tag.ts", "export {};");

  expect(sources.completed()).toEqual(["tagger"]);
  expect(sources.completed()).toEqual([]);
});

test("what can never be looked at is not there", async () => {
  await using folder = await TemporaryFolder.create();
  await symlink("loop", folder.join("loop"));
  const file = await folder.write("file", "");
  const sources = new EditedSources();
  const missing = [folder.join("loop"), folder.join("x".repeat(300)), `${file}/below`];
  sources.set("tagger", { sources: [], missing });

  expect(sources.completed()).toEqual([]);
});
