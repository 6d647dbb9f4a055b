import * as fc from "fast-check";
import { expect, test } from "vitest";

import { bundlePlugin } from "../../core/packages/bundle.ts";
import { MAX_SOURCE_MAP, SOURCE_MAP_COMMENT } from "../../core/packages/source-map.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { SourcePlaces } from "./source-places.ts";

/** Of a plugin whose line 3 throws; types and comments, which a bundle leaves out, come before it. */
const PLUGIN = `interface Config { readonly word: string }
export const word = ({ word }: Config): string =>
  missing(word);
// Not there.
declare function missing(word: string): string;
export default { execute: () => word({ word: "x" }) };
`;

async function bundled(): Promise<string> {
  await using folder = await TemporaryFolder.create();
  await folder.write("src/plugin.ts", PLUGIN);
  return (await bundlePlugin("tagger", folder.path, "src/plugin.ts")).script;
}

/** Where the bundle calls what is missing, as a stack names it. */
function placeOf(source: string): string {
  const before = source.slice(0, source.indexOf("missing(")).split("\n");
  return `tagger.js:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

test("a place of a bundled script is told as that of the author's file", async () => {
  const source = await bundled();
  const places = new SourcePlaces("tagger.js", source);

  expect(places.readable(`at word (${placeOf(source)})`)).toBe("at word (src/plugin.ts:3:3)");
});

test("the SDK has its name, wherever it lies, and what the author shares between plugins its path", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("shared/word.ts", `export const word = (): string => String(Math.random());`);
  const imports = `import { definePlugin } from "sluice/plugin";\nimport { word } from "../../shared/word.ts";\n`;
  await folder.write(
    "tagger/src/plugin.ts",
    `${imports}export default definePlugin({ execute: () => word() });`,
  );

  const { script: source } = await bundlePlugin("tagger", folder.join("tagger"), "src/plugin.ts");

  const at = source.indexOf(SOURCE_MAP_COMMENT) + SOURCE_MAP_COMMENT.length;
  const { sources } = JSON.parse(Buffer.from(source.slice(at), "base64").toString());
  expect(sources).toEqual(["sluice/plugin", "../shared/word.ts", "src/plugin.ts"]);
});

test("the places of other scripts stay, and those that no map knows", async () => {
  const places = new SourcePlaces("tagger.js", await bundled());

  expect(places.readable("my-tagger.js:2:3, tagger.js:900000:1")).toBe(
    "my-tagger.js:2:3, tagger.js:900000:1",
  );
});

test("the author's file that is called as the script is keeps its place", async () => {
  const places = new SourcePlaces("tagger.js", await bundled());

  expect(places.readable("at word (src/tagger.js:2:3)")).toBe("at word (src/tagger.js:2:3)");
});

test("a script without a map keeps its places", () => {
  expect(new SourcePlaces("tagger.js", "export default {};").readable("at tagger.js:1:5")).toBe(
    "at tagger.js:1:5",
  );
});

test.for([["s".repeat(100_000)], [["s".repeat(100_000)]]])(
  "a map cannot make a text grow: %#",
  ([source]) => {
    const map = { version: 3, names: [], sources: [source], mappings: "AAAA" };
    const comment = SOURCE_MAP_COMMENT + Buffer.from(JSON.stringify(map)).toString("base64");
    const places = new SourcePlaces("tagger.js", `export default {};\n${comment}`);

    expect(places.readable("at tagger.js:1:1")).toBe("at tagger.js:1:1");
  },
);

const LENGTH_BY_WORD = { version: 3, names: [], sources: { 0: "a.ts", length: 1000 }, mappings: "AAAA" };

test.for([
  LENGTH_BY_WORD,
  { version: 3, sections: [{ offset: { line: 0, column: 0 }, map: LENGTH_BY_WORD }] },
])("a map whose lists are only said to be so long is not read: it could say for ever, %#", (map) => {
  const comment = SOURCE_MAP_COMMENT + Buffer.from(JSON.stringify(map)).toString("base64");
  const places = new SourcePlaces("tagger.js", `export default {};\n${comment}`);

  expect(places.readable("at tagger.js:1:1")).toBe("at tagger.js:1:1");
});

test("a text that is full of places does not hold the host up: those beyond a bound stay", () => {
  const map = { version: 3, names: [], sources: ["src/a.ts"], mappings: "AAAA" };
  const comment = SOURCE_MAP_COMMENT + Buffer.from(JSON.stringify(map)).toString("base64");
  const places = new SourcePlaces("tagger.js", `export default {};\n${comment}`);

  const told = places.readable("tagger.js:1:1 ".repeat(50_000)).trim().split(" ");

  expect(told.slice(0, 10_000)).toEqual(Array(10_000).fill("src/a.ts:1:1"));
  expect(told.slice(10_000)).toEqual(Array(40_000).fill("tagger.js:1:1"));
});

test("a map that is longer than any that is made is not read", () => {
  const mapped = (padding: string): string => {
    const map = { version: 3, names: [], sources: ["src/a.ts"], mappings: "AAAA", padding };
    const comment = SOURCE_MAP_COMMENT + Buffer.from(JSON.stringify(map)).toString("base64");
    return new SourcePlaces("tagger.js", `export default {};\n${comment}`).readable("at tagger.js:1:1");
  };

  expect(mapped("")).toBe("at src/a.ts:1:1");
  expect(mapped("s".repeat(MAX_SOURCE_MAP))).toBe("at tagger.js:1:1");
});

test("whatever stands for a map, there is a text", () => {
  const field = fc.oneof(fc.string(), fc.array(fc.anything(), { maxLength: 3 }), fc.integer());
  const map = fc.record({ version: fc.constant(3), sources: field, mappings: field, sections: field });
  fc.assert(
    fc.property(fc.oneof(map, fc.string(), fc.anything()), (payload) => {
      const comment = SOURCE_MAP_COMMENT + Buffer.from(JSON.stringify(payload) ?? "").toString("base64");
      const places = new SourcePlaces("tagger.js", `export default {};\n${comment}`);
      expect(places.readable("at tagger.js:1:5")).toMatch(/^at .*$/s);
    }),
  );
});
