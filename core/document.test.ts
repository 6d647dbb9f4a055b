import { expect, test } from "vitest";
import { z } from "zod";

import { durationText, readDocument, sizeText } from "./document.ts";
import { InputError, namedOf, type Problem } from "./errors.ts";

const schema = z.strictObject({
  timeout: durationText,
  memory: sizeText.optional(),
  chain: z.array(z.strictObject({ plugin: z.string() })).optional(),
});

function problemsIn(text: string): readonly Problem[] {
  try {
    readDocument("mesh.yaml", text, schema);
  } catch (thrown) {
    if (thrown instanceof InputError) return thrown.problems;
    throw thrown;
  }
  return [];
}

test("a document that fits gives the values, units resolved", () => {
  expect(readDocument("mesh.yaml", "timeout: 50ms\nmemory: 1KiB\n", schema)).toEqual({
    timeout: 50,
    memory: 1024,
  });
});

test("every problem names file, key and reason", () => {
  expect(problemsIn("timeout: 50\nchian: []\nchain: [{plugin: a}, {plugin: 3}]")).toEqual([
    {
      where: "mesh.yaml",
      key: "timeout",
      message: "expected a duration such as 50ms, 1.5s, 2m or 1h",
    },
    {
      where: "mesh.yaml",
      key: "chain[1].plugin",
      message: "Invalid input: expected string, received number",
    },
    { where: "mesh.yaml", key: "chian", message: 'unknown key, did you mean "chain"?' },
  ]);
});

test("of thousands of problems the first twenty are named, and how many there are", () => {
  const problems = problemsIn("[".repeat(20_000));

  expect(problems.length).toBeGreaterThan(21);
  expect(namedOf(problems)).toHaveLength(21);
  expect(namedOf(problems).at(-1)).toEqual({
    where: "mesh.yaml",
    message: `and ${problems.length - 20} more`,
  });
});

test("an unknown key inside a list is told from the keys that are known there", () => {
  expect(problemsIn("timeout: 1s\nchain: [{plugin: a, plugni: b}]")).toEqual([
    { where: "mesh.yaml", key: "chain[0].plugni", message: 'unknown key, did you mean "plugin"?' },
  ]);
});

test("what is missing is called missing", () => {
  expect(problemsIn("memory: 1B")).toEqual([
    {
      where: "mesh.yaml",
      key: "timeout",
      message: "missing: expected a duration such as 50ms, 1.5s, 2m or 1h",
    },
  ]);
});

test.for([
  [
    "a repeated key",
    "timeout: 1s\ntimeout: 2s",
    /^the key timeout is there more than once, again at line 2, column 1$/,
  ],
  [
    "a repeated key in quotes",
    `a: {"b c": 1, "b c": 2}`,
    /^the key "b c" is there more than once, again at line 1/,
  ],
  ["broken YAML", "timeout: [1s", /line 1/],
  [
    "two documents",
    "timeout: 1s\n---\ntimeout: 2s",
    /^expected one document, another one begins at line 2, column 1$/,
  ],
  ["nothing", "", /expected object/],
  ["a prototype", "timeout: 1s\n__proto__: {memory: 1B}", /unknown key/],
] as const)("%s is a problem of the file", ([, text, reason]) => {
  const problems = problemsIn(text);

  expect(problems[0]?.where).toBe("mesh.yaml");
  expect(problems.map(({ message }) => message).join()).toMatch(reason);
});

test("aliases that would blow up are refused", () => {
  const levels = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (let level = 1; level < 9; level++) {
    const before = String.fromCharCode(96 + level);
    const name = String.fromCharCode(97 + level);
    levels.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join()}]`);
  }

  expect(problemsIn(levels.join("\n"))[0]?.message).toMatch(/alias/i);
});
