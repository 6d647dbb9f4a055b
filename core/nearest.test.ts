import { expect, test } from "vitest";

import { nearest, suggestion } from "./nearest.ts";

const WORDS = ["timeout", "inbound", "outbound", "tag"];

test("a slip of the finger finds the word that was meant, whatever its case", () => {
  expect(nearest("inbuond", WORDS)).toBe("inbound");
  expect(nearest("TimeOut", WORDS)).toBe("timeout");
});

test("the beginning of a word finds it, of three characters on", () => {
  expect(nearest("out", WORDS)).toBe("outbound");
  expect(nearest("1.2", ["1.10.0", "1.2.0"])).toBe("1.2.0");
  expect(nearest("in", WORDS)).toBeUndefined();
});

test("a word that is near to nothing gets no suggestion", () => {
  expect(nearest("colour", WORDS)).toBeUndefined();
  expect(nearest("xyz", WORDS)).toBeUndefined();
  expect(suggestion("colour", WORDS)).toBe("");
});

test("a suggestion ends a sentence", () => {
  expect(`unknown key${suggestion("tagg", WORDS)}`).toBe('unknown key, did you mean "tag"?');
});
