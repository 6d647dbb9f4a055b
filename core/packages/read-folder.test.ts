import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { InputError } from "../errors.ts";
import { manifestText, scriptText } from "../../test/support/plugin-packages.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { PackageCache } from "./package-cache.ts";
import { packPlugin } from "./pack.ts";
import { readFolder } from "./read-folder.ts";

const TYPESCRIPT = `import { label } from "./label.ts";
export default { execute(): { headerSet: Record<string, string[]> } { return { headerSet: { "X-WEB-TAG": [label] } }; } };
`;

async function typeScriptPlugin(changes: Record<string, unknown> = {}): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.create();
  await folder.write("plugin.yaml", manifestText(changes));
  await folder.write("src/plugin.ts", TYPESCRIPT);
  await folder.write("src/label.ts", 'export const label: string = "gray";');
  return folder;
}

/** The default export of a script, which is an ES module as the plugin host wants it. */
async function pluginOf(source: string | undefined): Promise<{ execute(): unknown }> {
  const address = `data:text/javascript,${encodeURIComponent(source ?? "")}`;
  const module = (await import(/* @vite-ignore */ address)) as { default: { execute(): unknown } };
  return module.default;
}

async function problemsOf(directory: string): Promise<string> {
  const error = await readFolder(directory).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}

test("a plugin written in TypeScript is bundled into the one script that its entry would be", async () => {
  await using folder = await typeScriptPlugin();

  const { package: found } = await readFolder(folder.path);

  expect((await pluginOf(found.source)).execute()).toEqual({ headerSet: { "X-WEB-TAG": ["gray"] } });
  expect(found.manifest.entry).toBe("bin/plugin.js");
});

test("an entry that is TypeScript is packed as JavaScript, and the packed manifest says so", async () => {
  await using folder = await typeScriptPlugin({ entry: "src/plugin.ts" });
  const { zip } = await packPlugin(folder.path);

  const found = await new PackageCache(folder.join("cache")).add("tagger.zip", zip);

  expect(found.manifest.entry).toBe("bin/plugin.js");
  expect((await pluginOf(found.source)).execute()).toEqual({ headerSet: { "X-WEB-TAG": ["gray"] } });
});

test("a script that is there is taken as it is, whatever lies in src", async () => {
  await using folder = await typeScriptPlugin();
  await folder.write("bin/plugin.js", scriptText("by hand"));

  const { package: found } = await readFolder(folder.path);

  expect(found.source).toContain("by hand");
});

test("an edit of a file that is imported changes the digest, a file that is not packed does not", async () => {
  await using folder = await typeScriptPlugin();
  const before = (await readFolder(folder.path)).package.digest;

  await folder.write("test/plugin.test.ts", "anything");
  await folder.write("bin/__pycache__/plugin.pyc", "anything");
  const unpacked = (await readFolder(folder.path)).package.digest;
  await folder.write("src/label.ts", 'export const label: string = "blue";');
  const edited = (await readFolder(folder.path)).package.digest;

  expect(unpacked).toBe(before);
  expect(edited).not.toBe(before);
});

test("an error in TypeScript names file, line and column", async () => {
  await using folder = await typeScriptPlugin();
  await folder.write("src/plugin.ts", 'import "./nowhere.ts";\nexport default {;');

  expect(await problemsOf(folder.path)).toMatch(/src\/plugin.ts:2:17: .*Expected identifier/);
});

test("an import of what Node has is refused: a plugin has none of it", async () => {
  await using folder = await typeScriptPlugin();
  await folder.write(
    "src/plugin.ts",
    'import { readFile } from "node:fs";\nexport default { execute: readFile };',
  );

  expect(await problemsOf(folder.path)).toMatch(/node:fs/);
});

test("a folder without script and source says what is missing", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("plugin.yaml", manifestText());

  expect(await problemsOf(folder.path)).toMatch(/src\/plugin.ts/);
});

test.for(["bin", "bin/plugin.js", "plugin.yaml", "config.schema.json"])(
  "a link as %s is refused",
  async (path) => {
    await using folder = await TemporaryFolder.create();
    if (path !== "plugin.yaml") await folder.write("plugin.yaml", manifestText());
    if (path === "bin/plugin.js") await folder.write("bin/other.js", scriptText());
    await symlink("/etc/passwd", folder.join(path));

    expect(await problemsOf(folder.path)).toMatch(/is a link/);
  },
);

test("the same files give the same zip, whatever their order and times", async () => {
  await using first = await TemporaryFolder.create();
  await using second = await TemporaryFolder.create();
  await first.write("plugin.yaml", manifestText());
  await first.write("bin/plugin.js", scriptText());
  await first.write("bin/a.txt", "a");
  await second.write("bin/a.txt", "a");
  await second.write("bin/plugin.js", scriptText());
  await second.write("plugin.yaml", manifestText());

  const packed = await Promise.all([packPlugin(first.path), packPlugin(second.path)]);

  expect(packed[0].digest).toBe(packed[1].digest);
  expect(packed[0].zip.equals(packed[1].zip)).toBe(true);
});

test("what is packed is taken, with modes and all", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("plugin.yaml", manifestText({ runtime: "process", platforms: ["linux/amd64"] }));
  await folder.write("bin/start.sh", "#!/bin/sh\n", 0o755);
  await folder.write("README.md", "# tagger");

  const { zip, digest } = await packPlugin(folder.path);
  const found = await new PackageCache(folder.join("cache")).add("tagger.zip", zip, {
    digest,
    name: "tagger",
  });

  expect(found.manifest.platforms).toEqual(["linux/amd64"]);
  expect(found.source).toBeUndefined();
});

test("a folder outside of any installation is packed with the SDK of the Sluice that packs it", async () => {
  await using folder = await typeScriptPlugin();
  const source = `import { definePlugin } from "sluice/plugin";
export default definePlugin({ execute: () => ({ headerSet: { "X-WEB-TAG": ["far"] } }) });
`;
  await folder.write("src/plugin.ts", source);

  const { package: found } = await readFolder(folder.path);

  expect((await pluginOf(found.source)).execute()).toEqual({ headerSet: { "X-WEB-TAG": ["far"] } });
});

test.for([
  ["left-pad", "install it in the plugin's folder (npm install left-pad)"],
  ["@scope/thing/deep", "install it in the plugin's folder (npm install @scope/thing)"],
  ["node:fs", "plugins run without Node's modules"],
])("what cannot be bundled says what to do: %s", async ([name, advice]) => {
  await using folder = await typeScriptPlugin();
  await folder.write("src/plugin.ts", `import x from "${name}";\nexport default { execute: () => x };\n`);

  expect(await problemsOf(folder.path)).toContain(`Could not resolve "${name}": ${advice}`);
});

test("a script that is gone is called gone, not a package to install", async () => {
  await using folder = await typeScriptPlugin();
  await rm(join(folder.path, "src/plugin.ts"));

  expect(await problemsOf(folder.path)).toBe(`${folder.path}: src/plugin.ts: there is no such file`);
});

test("a script that does not parse is not packed", async () => {
  await using folder = await typeScriptPlugin();
  await folder.write("bin/plugin.js", "export default {\n  execute( { }\n};\n");

  await expect(packPlugin(folder.path)).rejects.toThrow(
    `${folder.path}: bin/plugin.js:3:1: Unexpected token '}'`,
  );
});
