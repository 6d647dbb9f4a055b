import { expect, test } from "vitest";

import { nearest, suggestion } from "./nearest.ts";

const WORDS = ["timeout", "inbound", "outbound", "tag"];

test("a slip of the finger finds the word that was meant, whatever its case", () => {
  expect(nearest("inbuond", WORDS)).toBe("inbound");
  expect(nearest("TimeOut", WORDS)).toBe("timeout");
});

test("a word that is near to nothing gets no suggestion", () => {
  expect(nearest("colour", WORDS)).toBeUndefined();
  expect(nearest("xyz", WORDS)).toBeUndefined();
  expect(suggestion("colour", WORDS)).toBe("");
});

test("a suggestion ends a sentence", () => {
  expect(`unknown key${suggestion("tagg", WORDS)}`).toBe('unknown key, did you mean "tag"?');
});
