import * as fc from "fast-check";
import { expect, test } from "vitest";

import { plainValueProblem } from "./plain-value.ts";

test("whatever JSON can say is plain", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      const parsed: unknown = JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto"));
      expect(plainValueProblem(parsed)).toBeUndefined();
    }),
  );
});

test.each([
  ["bytes", { a: [Buffer.from("x")] }, ["a", 0], /expected a text/],
  ["a set", { a: new Set([1]) }, ["a"], /expected a text/],
  ["a date", [new Date(0)], [0], /expected a text/],
  ["infinity", { a: Number.POSITIVE_INFINITY }, ["a"], /finite/],
  ["a number beyond all precision", { a: 2n ** 64n }, ["a"], /smaller/],
  ["a prototype", JSON.parse('{"a": {"__proto__": {"b": 1}}}'), ["a", "__proto__"], /unknown key/],
] as const)("%s is named with its place", (_name, value: unknown, path, message) => {
  expect(plainValueProblem(value)).toMatchObject({ path, message: expect.stringMatching(message) });
});

test("a list inside itself ends at the limit of levels", () => {
  const inside: unknown[] = [];
  inside.push(inside);
  expect(plainValueProblem({ inside })?.message).toBe("expected at most 64 levels");
});
