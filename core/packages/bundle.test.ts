import { expect, test } from "vitest";

import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { bundlePlugin, keepBundler } from "./bundle.ts";
import { SOURCE_MAP_COMMENT } from "./source-map.ts";

test("whoever lets go of the bundler does not end a bundle that begins meanwhile", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("src/plugin.ts", "export default { execute() {} };");
  const kept = keepBundler();

  const bundled = bundlePlugin("tagger", folder.path, "src/plugin.ts");
  const left = kept[Symbol.asyncDispose]();

  expect(await bundled).toContain("execute");
  await left;
});

test("a script whose map would be longer than any that is read has none", async () => {
  await using folder = await TemporaryFolder.create();
  const lines = Array.from({ length: 40_000 }, (_, line) => `globalThis.x${line} = [${line}, "${line}"];`);
  await folder.write("src/small.ts", `${lines[0]}\nexport default {};`);
  await folder.write("src/large.ts", `${lines.join("\n")}\nexport default {};`);

  expect(await bundlePlugin("tagger", folder.path, "src/small.ts")).toContain(SOURCE_MAP_COMMENT);
  expect(await bundlePlugin("tagger", folder.path, "src/large.ts")).not.toContain(SOURCE_MAP_COMMENT);
});
