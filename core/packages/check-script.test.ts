import { existsSync } from "node:fs";

import { expect, test } from "vitest";

import { ScarceDescriptors } from "../../test/support/descriptor-limit.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { checkScript } from "./check-script.ts";

const refusalOf = (source: string): Promise<string> =>
  checkScript("tagger.zip", "bin/plugin.js", source).then(
    () => "taken",
    (error: Error) => error.message,
  );

test.for([
  ["const a = 1;\n\n   const b = = 2;\n", "tagger.zip: bin/plugin.js:3:14: Unexpected token '='"],
  ["export default { execute( { } };", "tagger.zip: bin/plugin.js:1:31: Unexpected token '}'"],
  ["export default {\n", "tagger.zip: bin/plugin.js:2: Unexpected end of input"],
  ["const a: string = 1;", "tagger.zip: bin/plugin.js:1:7: Missing initializer in const declaration"],
  ["\tconst a = ;", "tagger.zip: bin/plugin.js:1:12: Unexpected token ';'"],
  [
    `const a = "${"x".repeat(500_000)}" = 2;`,
    /bin\/plugin\.js:1(:11)?: Invalid left-hand side in assignment$/,
  ],
] as const)("a script that does not parse is refused by line and column: %#", async ([source, message]) => {
  expect(await refusalOf(source)).toEqual(
    typeof message === "string" ? message : expect.stringMatching(message),
  );
});

test.for([
  "export default { execute() { return {}; } };",
  "const { a } = await Promise.resolve({ a: 1 }); export { a as default };",
  "#!/usr/bin/env node\nexport default {};",
])("a module is taken: %j", async (source) => {
  expect(await refusalOf(source)).toBe("taken");
});

test("a script that imports is refused, since a node has nothing to import from", async () => {
  expect(await refusalOf('import { x } from "y";\nexport default x;')).toBe(
    "tagger.zip: bin/plugin.js: imports 'y': bundle the script into one file",
  );
});

test("a script that is nested too deep to be parsed is refused", async () => {
  expect(await refusalOf(`export default ${"(".repeat(1_000_000)}`)).toBe(
    "tagger.zip: bin/plugin.js: cannot be parsed: it is nested too deep, or too large",
  );
});

test("nothing of a script runs", async () => {
  await using folder = await TemporaryFolder.create();
  const trace = JSON.stringify(folder.join("trace"));
  const write = `process.getBuiltinModule("node:fs").writeFileSync(${trace}, "ran");`;

  expect(await refusalOf(`${write}\nexport default {};\nclass A { static { ${write} } }`)).toBe("taken");
  expect(existsSync(folder.join("trace"))).toBe(false);
});

test("where no process can be made, no script is blamed for it", async () => {
  const check = (): Promise<void> => checkScript("tagger.zip", "bin/plugin.js", "export default {};");
  {
    using _scarce = new ScarceDescriptors(4);
    await expect(check()).rejects.toMatchObject({ code: "child_not_started", retryable: true });
  }
  await check();
});
