import { expect, test } from "vitest";

import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { folderSignature, isLeftover } from "./package-files.ts";

test.for([
  ["/x/plugins/tagger/src/plugin.ts", false],
  ["/x/plugins/tagger/node_modules/left-pad/index.js", true],
  ["/x/plugins/tagger/bin/__pycache__/main.pyc", true],
  ["/x/plugins/.tagger.swp", true],
  ["/x/plugins", false],
  ["/x/plugins-common/.lib/tag.ts", false],
  ["/x/.lib/tag.ts", false],
] as const)("%s is left out of a watched folder: %s", ([path, isLeft]) => {
  expect(isLeftover("/x/plugins", path)).toBe(isLeft);
});

test("a folder's signature changes when a file that it is made of elsewhere comes, changes and goes", async () => {
  await using files = await TemporaryFolder.create();
  await files.write("tagger/src/plugin.ts", "");
  const signature = (): Promise<string> => folderSignature(files.join("tagger"), [files.join("tag.ts")]);

  const without = await signature();
  await files.write("tag.ts", "1");
  const first = await signature();
  await files.write("tag.ts", "longer");

  expect(new Set([without, first, await signature()]).size).toBe(3);
});
