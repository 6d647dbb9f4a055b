import { array, assert, constantFrom, property, string, tuple } from "fast-check";
import { expect, test } from "vitest";

import { cookieOf, parseCookies } from "./cookies.ts";

function headers(...lines: readonly string[]): { getAll(name: string): readonly string[] } {
  return { getAll: (name) => (name === "cookie" ? lines : []) };
}

test.for([
  ["token=let-me-in", [["token", "let-me-in"]]],
  [
    "a=b; token=let-me-in",
    [
      ["a", "b"],
      ["token", "let-me-in"],
    ],
  ],
  [
    "session=YWJj==; x=1=2",
    [
      ["session", "YWJj=="],
      ["x", "1=2"],
    ],
  ],
  [
    'a="quoted value"; b=""',
    [
      ["a", "quoted value"],
      ["b", ""],
    ],
  ],
  [
    "a=1;b=2 ;  c=3",
    [
      ["a", "1"],
      ["b", "2"],
      ["c", "3"],
    ],
  ],
  [
    "a=1; a=2; A=3",
    [
      ["a", "1"],
      ["a", "2"],
      ["A", "3"],
    ],
  ],
  ["a=; b", [["a", ""]]],
  ['=x; ; a="half; b=ok', [["b", "ok"]]],
  ['$Version="1"; a=b; $Path="/"', [["a", "b"]]],
  ["a=%20b", [["a", "%20b"]]],
  ["", []],
] as const)("%j is read as %j", ([line, expected]) => {
  expect(parseCookies(headers(line)).map(({ name, value }) => [name, value])).toEqual(expected);
});

test("several Cookie lines are one list, and the first of a name counts", () => {
  const split = headers("a=1; token=first", "token=second");

  expect(cookieOf(split, "token")).toBe("first");
  expect(cookieOf(split, "Token")).toBeUndefined();
});

test("what was written as cookies is read back, whatever is in the values", () => {
  const name = string({ unit: constantFrom("a", "b", "X", "-", "_", "0"), minLength: 1 });
  const value = string({
    unit: constantFrom("a", "b", "=", "%", "&", "{", ":", "/", ",", "+", " ", "é"),
    maxLength: 20,
  }).map((text) => text.trim());
  const roundTrip = property(array(tuple(name, value)), (pairs) => {
    const line = pairs.map((pair) => pair.join("=")).join("; ");
    expect(parseCookies(headers(line)).map((cookie) => [cookie.name, cookie.value])).toEqual(pairs);
  });

  assert(roundTrip);
});
