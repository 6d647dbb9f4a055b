import * as fc from "fast-check";
import { expect, test } from "vitest";

import { normalisePath, unresolvedPath } from "./normalise-path.ts";
import { WireError } from "./wire-error.ts";

test.each([
  ["/", "/"],
  ["/a/b", "/a/b"],
  ["/a/b/", "/a/b/"],
  ["*", "*"],
  ["/priv%61te", "/private"],
  ["/%7Euser", "/~user"],
  ["/a%2eb", "/a.b"],
  ["/a%20b%c3%a9", "/a%20b%C3%A9"],
  ["/100%25", "/100%25"],
  ["/%252e%252e/a", "/%252e%252e/a"],
  ["/a%3fb%23c%3Bd", "/a%3Fb%23c%3Bd"],
  ["/a;v=1/b", "/a;v=1/b"],
  ["/;v=1", "/;v=1"],
  ["/./a/./b/.", "/a/b/"],
  ["/a/../b", "/b"],
  ["/a/b/..", "/a/"],
  ["/a/%2e%2E/b", "/b"],
  ["//a///b", "/a/b"],
  ["/a//", "/a/"],
  ["/.hidden/...", "/.hidden/..."],
])("%s is matched as %s", (raw, normal) => {
  expect(normalisePath(raw)).toBe(normal);
});

test.each([
  ["an escaped slash", "/a%2Fb"],
  ["an escaped backslash", "/a%5cb"],
  ["a raw backslash", "/a\\..\\b"],
  ["a NUL", "/a%00"],
  ["an escape cut short", "/a%4"],
  ["an escape that is not hexadecimal", "/a%zz"],
  ["a climb out of the root", "/a/../../b"],
  ["an escaped climb out of the root", "/%2e%2e/b"],
  ["a dot segment with parameters", "/a/..;x=1/b"],
  ["an empty segment before a dot segment", "/a//../b"],
  ["a segment of nothing but parameters", "/;x=1/private"],
  ["one behind a slash", "//;/private"],
  ["one before a dot segment", "/x/;/../private"],
])("%s is refused", (_name, raw) => {
  const result = normalisePath(raw);

  expect(result).toBeInstanceOf(WireError);
  expect(result).toMatchObject({ code: "bad_request", source: "downstream" });
});

test.each([
  ["/private/../a", "/private/../a"],
  ["/private/%2E%2e/a", "/private/../a"],
  ["//priv%61te/./..//a", "/private/./../a"],
  ["/a/b", undefined],
  ["/a//%62", undefined],
  ["/a/.b", undefined],
])("%s is to an app that resolves nothing %s", (raw, unresolved) => {
  expect(unresolvedPath(raw, String(normalisePath(raw)))).toBe(unresolved);
});

const pathPiece = fc.constantFrom(
  "/",
  "a",
  "b",
  ".",
  "..",
  "%2e",
  "%2E",
  "%61",
  "%25",
  "%20",
  ";x",
  "%2f",
  "\\",
  "%",
);

test("whatever comes, the result is stable and has no dot segment, empty segment or decodable escape left", () => {
  fc.assert(
    fc.property(fc.array(pathPiece, { maxLength: 12 }), (pieces) => {
      const result = normalisePath(`/${pieces.join("")}`);
      if (result instanceof WireError) return;

      expect(normalisePath(result)).toBe(result);
      expect(result).not.toMatch(/\/\/|\/\.{1,2}(\/|$)|%2e|%61|\\/i);
    }),
    { numRuns: 2000 },
  );
});
