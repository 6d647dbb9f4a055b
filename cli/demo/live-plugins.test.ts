import { mkdir, rm } from "node:fs/promises";

import { expect, test } from "vitest";

import { systemClock } from "../../core/clock.ts";
import { DemoPlane } from "../../test/support/demo-plane.ts";
import { manifestText, pluginZip, scriptText } from "../../test/support/plugin-packages.ts";
import { LivePlugins } from "./live-plugins.ts";

const LONG = { timeout: 20_000 };
const NEW = "tagger is new at the end of the chain\n";
const IMPORTS_TAG = `import { tag } from "../../../shared/tag.ts";\nexport default { execute: () => tag };`;

/** A demo's control plane, and the folder `plugins` beside which `shared` may lie. */
async function started(): Promise<DemoPlane> {
  const plane = await DemoPlane.start();
  await mkdir(plane.folder.join("plugins"));
  return plane;
}

function watch(plane: DemoPlane): Promise<LivePlugins> {
  const { dev, ops, said, folder } = plane;
  const say = (text: string): unknown => said.push(text);
  return LivePlugins.watch({ folder: folder.join("plugins"), dev, ops, clock: systemClock, say });
}

/** A plugin's folder, in one script or in TypeScript; whole at once, since it is none without the manifest. */
async function put(
  plane: DemoPlane,
  folder: string,
  name: string,
  file: string,
  text: string,
): Promise<void> {
  await plane.folder.write(`plugins/${folder}/${file}`, text);
  await plane.folder.write(`plugins/${folder}/plugin.yaml`, manifestText({ name }));
}

test("a plugin that imports a file before there is one is brought when the file comes", async () => {
  await using plane = await started();
  await using _ = await watch(plane);
  await put(plane, "tagger", "tagger", "src/plugin.ts", IMPORTS_TAG);
  await expect
    .poll(() => plane.said, LONG)
    .toContainEqual(expect.stringMatching(/Could not resolve .*tag\.ts/));

  await plane.folder.write("shared/tag.ts", `export const tag = "blue";`);

  await expect.poll(() => plane.said, LONG).toContain("tagger@1.0.0 is in force\n");
});

test("a plugin that imports a file with a syntax error is brought when that is mended", async () => {
  await using plane = await started();
  await plane.folder.write("shared/tag.ts", `export const tag = ;`);
  await using _ = await watch(plane);
  await put(plane, "tagger", "tagger", "src/plugin.ts", IMPORTS_TAG);
  await expect.poll(() => plane.said, LONG).toContainEqual(expect.stringMatching(/Unexpected ";"/));

  await plane.folder.write("shared/tag.ts", `export const tag = "blue";`);

  await expect.poll(() => plane.said, LONG).toContain("tagger@1.0.0 is in force\n");
});

test("an edit of a plugin's file that another one imports is an edit of both", async () => {
  await using plane = await started();
  await using _ = await watch(plane);
  const words = (word: string): string => `${scriptText()}export const word = "${word}";\n`;
  const imports = `import { word } from "../../words/bin/plugin.js";\nexport default { execute: () => word };`;
  await put(plane, "words", "words", "bin/plugin.js", words("one"));
  await expect.poll(() => plane.said, LONG).toContain("words@1.0.0 is in force\n");
  await put(plane, "tagger", "tagger", "src/plugin.ts", imports);
  await expect.poll(() => plane.said, LONG).toContain("tagger@1.0.0 is in force\n");

  await plane.folder.write("plugins/words/bin/plugin.js", words("two"));

  await expect.poll(() => plane.versions("tagger"), LONG).toHaveLength(2);
  await expect.poll(() => plane.versions("words"), LONG).toHaveLength(2);
});

test("an edit in a folder of shared files, which is no plugin, is one of those who import them", async () => {
  await using plane = await started();
  await using _ = await watch(plane);
  await plane.folder.write("plugins/shared/tag.ts", `export const tag = "gray";`);
  const imports = IMPORTS_TAG.replace("../../../shared", "../../shared");
  await put(plane, "tagger", "tagger", "src/plugin.ts", imports);
  await expect.poll(() => plane.said, LONG).toEqual([NEW, "tagger@1.0.0 is in force\n"]);

  await plane.folder.write("plugins/shared/tag.ts", `export const tag = "blue";`);

  await expect.poll(() => plane.versions(), LONG).toHaveLength(2);
  expect(plane.said.filter((text) => text.startsWith("shared"))).toEqual([]);
});

test("what was edited while it did not run comes at the next start, whatever folder or zip it lies in", async () => {
  await using plane = await started();
  {
    await using _ = await watch(plane);
    await put(plane, "my-tagger", "tagger", "bin/plugin.js", scriptText("one"));
    await plane.folder.write("plugins/guard.zip", pluginZip({ name: "guard" }, [], "guard"));
    await expect.poll(() => plane.said, LONG).toContain("tagger@1.0.0 is in force\n");
    await expect.poll(() => plane.said, LONG).toContain("guard@1.0.0 is in force\n");
  }
  plane.said.length = 0;
  await put(plane, "my-tagger", "tagger", "bin/plugin.js", scriptText("two"));
  await plane.folder.write("plugins/guard.zip", pluginZip({ name: "guard", version: "1.1.0" }, [], "guard"));
  await put(plane, "aside", "aside", "bin/plugin.js", scriptText());

  await using _ = await watch(plane);

  await expect
    .poll(() => plane.said.toSorted(), LONG)
    .toEqual(["guard@1.1.0 is in force\n", expect.stringMatching(/^tagger@1\.0\.0-dev\.\w+ is in force\n$/)]);
  expect((await plane.chain()).toSorted()).toEqual(["guard", "tagger"]);
});

test("a start after which nothing was edited releases nothing, also where two packages hold one plugin", async () => {
  await using plane = await started();
  {
    await using _ = await watch(plane);
    await put(plane, "tagger", "tagger", "bin/plugin.js", scriptText());
    await expect.poll(() => plane.said, LONG).toContain("tagger@1.0.0 is in force\n");
    await plane.folder.write("plugins/tagger-2.0.0.zip", pluginZip({ version: "2.0.0" }));
    await expect.poll(() => plane.said, LONG).toContain("tagger@2.0.0 is in force\n");
  }
  const before = await plane.released();

  await using _ = await watch(plane);

  expect(await plane.released()).toEqual(before);
  await rm(plane.folder.join("plugins/tagger-2.0.0.zip"));
  await expect.poll(() => plane.said.at(-1), LONG).toMatch(/^tagger-2\.0\.0\.zip is gone/);
});

test("where the control plane does not answer it rejects, and watches nothing any more", async () => {
  await using plane = await started();
  await mkdir(plane.folder.join("plugins/empty"));
  const watches = (): number =>
    process.getActiveResourcesInfo().filter((name) => name.startsWith("FSEvent")).length;
  const before = watches();
  const { ops, folder } = plane;
  const dev = Object.assign(Object.create(plane.dev) as typeof plane.dev, {
    call: () => Promise.reject(new Error("the control plane is gone")),
  });

  const watched = LivePlugins.watch({
    folder: folder.join("plugins"),
    dev,
    ops,
    clock: systemClock,
    say: () => {},
  });

  await expect(watched).rejects.toThrow("the control plane is gone");
  await expect.poll(watches).toBe(before);
});
