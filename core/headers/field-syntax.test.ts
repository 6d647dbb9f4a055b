import { expect, test } from "vitest";

import { isFieldName, isFieldValue } from "./field-syntax.ts";

const ALL_CHARS = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));

test("a field name is made of exactly the 77 token characters of RFC 9110 §5.6.2", () => {
  const legal = ALL_CHARS.filter(isFieldName).join("");

  expect(legal).toBe("!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
});

test("a field value may hold tabs, spaces, visible characters and obs-text, and no control character", () => {
  const illegal = ALL_CHARS.filter((char) => !isFieldValue(char)).map((char) => char.charCodeAt(0));

  const controls = Array.from({ length: 32 }, (_, byte) => byte).filter((byte) => byte !== 0x09);
  expect(illegal).toEqual([...controls, 0x7f]);
});

test("an empty value is legal and an empty name is not", () => {
  expect(isFieldValue("")).toBe(true);
  expect(isFieldName("")).toBe(false);
});

test("characters beyond latin1 are illegal in names and values: they have no byte", () => {
  expect(isFieldName("x-\u0142")).toBe(false);
  expect(isFieldValue("\u{1f600}")).toBe(false);
  expect(isFieldValue("a\u0141")).toBe(false);
});
