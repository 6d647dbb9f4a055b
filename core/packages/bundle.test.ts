import { expect, test } from "vitest";

import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { bundlePlugin, keepBundler } from "./bundle.ts";

test("whoever lets go of the bundler does not end a bundle that begins meanwhile", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("src/plugin.ts", "export default { execute() {} };");
  const kept = keepBundler();

  const bundled = bundlePlugin("tagger", folder.path, "src/plugin.ts");
  const left = kept[Symbol.asyncDispose]();

  expect(await bundled).toContain("execute");
  await left;
});
