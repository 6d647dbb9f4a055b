import { rm } from "node:fs/promises";

import { expect, test } from "vitest";

import { DemoPlane } from "../../test/support/demo-plane.ts";
import { manifestText, pluginZip, scriptText } from "../../test/support/plugin-packages.ts";

const EDITED = /^1\.0\.0-dev\.[0-9a-f]{8}$/;
const NEW = "tagger is new at the end of the chain\n";

test("a folder that is put beside the others is uploaded as it is and ends the chain", async () => {
  await using plane = await DemoPlane.start();

  const brought = await plane.packages().bring(await plane.write("1.0.0"));

  expect(brought).toEqual({ plugin: "tagger", version: "1.0.0" });
  expect(await plane.versions()).toEqual(["1.0.0"]);
  expect(await plane.chain()).toEqual(["tagger"]);
  expect(plane.said).toEqual([NEW]);
});

test("each edit of its files is a version of its own, and what was undone is the one before", async () => {
  await using plane = await DemoPlane.start();
  const packages = plane.packages();
  await packages.bring(await plane.write("1.0.0"));

  const edited = await packages.bring(await plane.write("1.0.0", "edited"));
  const saved = await packages.bring(await plane.write("1.0.0", "edited"));
  const undone = await packages.bring(await plane.write("1.0.0"));

  expect(edited?.version).toMatch(EDITED);
  expect(saved).toEqual(edited);
  expect(undone?.version).toBe("1.0.0");
  expect(await plane.versions()).toEqual(["1.0.0", edited?.version]);
  expect(plane.said).toEqual([NEW]);
});

test("a raised version is left to people and told once; what is edited then is a version of its own", async () => {
  await using plane = await DemoPlane.start();
  const packages = plane.packages();
  await packages.bring(await plane.write("1.0.0"));

  const path = await plane.write("1.1.0");
  expect(await packages.bring(path)).toBeUndefined();
  expect(await packages.bring(path)).toBeUndefined();
  expect(plane.said).toEqual([NEW, `tagger@1.1.0 is yours to release: npx sluice plugin push ${path}\n`]);

  const edited = await packages.bring(await plane.write("1.1.0", "edited"));

  expect(edited?.version).toMatch(/^1\.1\.0-dev\.[0-9a-f]{8}$/);
  expect(await plane.versions()).toEqual(["1.0.0", edited?.version]);
});

test("what lay in the folder before and was taken out of the chain stays out", async () => {
  await using plane = await DemoPlane.start();

  const brought = await plane.packages("tagger").bring(await plane.write("1.0.0"));

  expect(brought).toBeUndefined();
  expect(await plane.chain()).toEqual([]);
  expect(plane.said).toEqual(["tagger is not in the chain: npx sluice --context ops plugin enable tagger\n"]);
});

test("a folder that goes is told once, and comes back as a new one", async () => {
  await using plane = await DemoPlane.start();
  const packages = plane.packages();
  const path = await plane.write("1.0.0");
  await packages.bring(path);
  await rm(path, { recursive: true });

  expect(await packages.bring(path)).toBeUndefined();
  expect(await packages.bring(path)).toBeUndefined();

  expect(plane.said).toEqual([
    NEW,
    "tagger is gone; a version that is in force stays: npx sluice --context ops plugin remove tagger\n",
  ]);
  expect((await packages.bring(await plane.write("1.0.0")))?.version).toBe("1.0.0");
});

test("a zip is uploaded byte for byte, a file that is none is nobody's package", async () => {
  await using plane = await DemoPlane.start();
  const packages = plane.packages();
  const zip = pluginZip({ version: "2.0.0" });

  const brought = await packages.bring(await plane.folder.write("any-name.zip", zip));
  const notes = await packages.bring(await plane.folder.write("notes.txt", "not a package"));

  expect(brought).toEqual({ plugin: "tagger", version: "2.0.0" });
  expect(notes).toBeUndefined();
  expect(await plane.chain()).toEqual(["tagger"]);

  await rm(plane.folder.join("any-name.zip"));
  await packages.bring(plane.folder.join("any-name.zip"));
  expect(plane.said.at(-1)).toBe(
    "any-name.zip is gone; a version that is in force stays: npx sluice --context ops plugin remove tagger\n",
  );
});

test("a folder that says the name of the plugin in the folder beside it is refused", async () => {
  await using plane = await DemoPlane.start();
  const packages = plane.packages("guard", "tagger");
  await plane.folder.write("guard/bin/plugin.js", scriptText());
  await plane.folder.write("guard/plugin.yaml", manifestText({ name: "tagger" }));

  const brought = packages.bring(plane.folder.join("guard"));

  await expect(brought).rejects.toThrow(/plugin\.yaml.*says name tagger, and the folder tagger beside it/);
  expect(await plane.chain()).toEqual([]);
});
