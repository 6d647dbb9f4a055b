import { expect, test } from "vitest";

import { lineDifference } from "./line-difference.ts";

const lines = (text: string): readonly string[] => text.split(" ").filter((line) => line !== "");
const difference = (before: string, after: string): string =>
  lineDifference(lines(before), lines(after)).trimEnd().replaceAll("\n", "|");

test("what goes and what comes stands between what stays", () => {
  expect(difference("a b c", "a x c")).toBe("  a|- b|+ x|  c");
  expect(difference("", "a b")).toBe("+ a|+ b");
  expect(difference("a b", "")).toBe("- a|- b");
  expect(difference("a b", "a b")).toBe("  a|  b");
});

test("lines that changed places are told, as the order of a chain counts", () => {
  expect(difference("one two", "two one")).toBe("- one|  two|+ one");
});

test("a line that goes is told although an equal one stays", () => {
  expect(difference("one config two config", "two config")).toBe("- one|- config|  two|  config");
});
