import { expect, test } from "vitest";
import { HeaderBlock } from "../../core/headers/header-block.ts";
import { cookieValue } from "./cookie.ts";

test.each([
  ["token=let-me-in", "token", "let-me-in"],
  ["a=b; token=x=y==; c=d", "token", "x=y=="],
  ["a=b;token=tight", "token", "tight"],
  ["token=first; token=second", "token", "first"],
  ["xtoken=a", "token", undefined],
  ["Token=a", "token", undefined],
  ["token", "token", undefined],
  ["token=", "token", ""],
  ["; ;=;", "token", undefined],
])("in %j the cookie %s is %j", (line, name, expected) => {
  expect(cookieValue(HeaderBlock.fromFlat(["cookie", line]), name)).toBe(expected);
});

test("cookies may come on several lines, as HTTP/2 sends them", () => {
  const headers = HeaderBlock.fromFlat(["cookie", "a=1", "host", "x", "Cookie", "b=2"]);
  expect(cookieValue(headers, "b")).toBe("2");
});
