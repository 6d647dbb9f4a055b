import { truncate } from "node:fs/promises";
import { buffer } from "node:stream/consumers";

import { expect, test } from "vitest";
import { ZipFile } from "yazl";

import { pluginZip } from "../../test/support/plugin-packages.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { readZipManifest } from "./zip-manifest.ts";

test("a packed plugin says what it is called", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("tagger.zip", pluginZip());

  expect(await readZipManifest("tagger.zip", folder.join("tagger.zip"))).toMatchObject({
    name: "tagger",
    version: "1.0.0",
  });
});

test("what is no zip, a part of one, or a zip of something else is told so", async () => {
  await using folder = await TemporaryFolder.create();
  const read = (name: string): Promise<unknown> => readZipManifest(name, folder.join(name));
  await folder.write("text.zip", "hello");
  await folder.write("half.zip", pluginZip());
  await truncate(folder.join("half.zip"), 200);
  await folder.write("other.zip", await zipOf({ "deep/er/plugin.yaml": "name: x", "README.md": "" }));
  await folder.write("large.zip", await zipOf({ "tagger/plugin.yaml": "#".repeat(2_000_000) }));

  await expect(read("text.zip")).rejects.toThrow("text.zip: is no package");
  await expect(read("half.zip")).rejects.toThrow("half.zip: is no package");
  await expect(read("other.zip")).rejects.toThrow("missing: every plugin has a manifest");
  await expect(read("large.zip")).rejects.toThrow("tagger/plugin.yaml is too large");
  await expect(read("gone.zip")).rejects.toThrow("ENOENT");
});

test("a zip of what is in the plugin's folder is told that it lacks the folder", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("flat.zip", await zipOf({ "README.md": "", "plugin.yaml": "name: x", "bin/x.js": "" }));

  await expect(readZipManifest("flat.zip", folder.join("flat.zip"))).rejects.toThrow(
    "flat.zip: plugin.yaml: stands beside the one folder, named like the plugin, that a zip must hold",
  );
});

async function zipOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [path, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text), path);
  zip.end();
  return buffer(zip.outputStream);
}
