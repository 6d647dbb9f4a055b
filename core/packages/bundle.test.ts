import { expect, test } from "vitest";

import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import type { BundleError } from "./package-errors.ts";
import { bundlePlugin, keepBundler } from "./bundle.ts";
import { SOURCE_MAP_COMMENT } from "./source-map.ts";

test("whoever lets go of the bundler does not end a bundle that begins meanwhile", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("src/plugin.ts", "export default { execute() {} };");
  const kept = keepBundler();

  const bundled = bundlePlugin("tagger", folder.path, "src/plugin.ts");
  const left = kept[Symbol.asyncDispose]();

  expect((await bundled).script).toContain("execute");
  await left;
});

test("a script whose map would be longer than any that is read has none", async () => {
  await using folder = await TemporaryFolder.create();
  const lines = Array.from({ length: 40_000 }, (_, line) => `globalThis.x${line} = [${line}, "${line}"];`);
  await folder.write("src/small.ts", `${lines[0]}\nexport default {};`);
  await folder.write("src/large.ts", `${lines.join("\n")}\nexport default {};`);

  const small = await bundlePlugin("tagger", folder.path, "src/small.ts");
  const large = await bundlePlugin("tagger", folder.path, "src/large.ts");

  expect(small.script).toContain(SOURCE_MAP_COMMENT);
  expect(large.script).not.toContain(SOURCE_MAP_COMMENT);
});

test("the author's files that a script is made of are told, wherever they lie, and installed packages are not", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("shared/verdict.ts", "export const verdict = { kind: 'allow' };");
  await folder.write("tagger/node_modules/installed/index.js", "export const installed = 1;");
  await folder.write("tagger/src/own.ts", "export const own = 2;");
  await folder.write(
    "tagger/src/plugin.ts",
    `import { definePlugin } from "sluice/plugin";
     import { verdict } from "../../shared/verdict.ts";
     import { installed } from "installed";
     import { own } from "./own.ts";
     export default definePlugin({ execute: () => [verdict, installed, own] });`,
  );

  const { sources } = await bundlePlugin("tagger", folder.join("tagger"), "src/plugin.ts");

  expect(sources).toEqual([
    folder.join("shared/verdict.ts"),
    folder.join("tagger/src/own.ts"),
    folder.join("tagger/src/plugin.ts"),
  ]);
});

test("a bundle that fails tells what was read for it, and where what is not there was looked for", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("shared/broken.ts", "export const broken = ;");
  await folder.write("shared/whole.ts", `export { other } from "./other";`);
  await folder.write(
    "tagger/src/plugin.ts",
    `import { broken } from "../../shared/broken.ts";
     import { whole } from "../../shared/whole.ts";
     import { typed } from "../../typed/typed.js";
     import leftPad from "left-pad";
     export default { execute: () => [broken, whole, typed, leftPad] };`,
  );

  const failed = bundlePlugin("tagger", folder.join("tagger"), "src/plugin.ts");
  const error = await failed.then(undefined, (thrown: unknown) => thrown);

  const { sources, missing } = (error as BundleError).inputs;
  expect(sources).toEqual([
    folder.join("shared/broken.ts"),
    folder.join("shared/whole.ts"),
    folder.join("tagger/src/plugin.ts"),
  ]);
  for (const path of ["shared/other.ts", "shared/other/index.ts", "typed/typed.js", "typed/typed.ts"])
    expect(missing).toContain(folder.join(path));
  expect(missing.filter((path) => path.includes("left-pad"))).toEqual([]);
});
