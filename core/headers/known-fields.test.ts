import { expect, test } from "vitest";

import { FIELD, knownFieldInBytes, knownFieldInText, KNOWN_NAMES } from "./known-fields.ts";

/** Both ways to ask, on a name that stands in the middle of something. */
function known(name: string): readonly number[] {
  const text = `--${name}--`;
  const end = 2 + name.length;
  return [knownFieldInText(text, 2, end), knownFieldInBytes(Buffer.from(text, "latin1"), 2, end)];
}

test.each(KNOWN_NAMES.slice(1))("%s is known in any case, in bytes and in text", (name) => {
  const number = KNOWN_NAMES.indexOf(name);

  expect(known(name)).toEqual([number, number]);
  expect(known(name.toUpperCase())).toEqual([number, number]);
});

test.each([
  "hos",
  "hosts",
  "hoSq",
  "connectiom",
  "content-lengtH-",
  "content_length",
  "transfer-encodin\u0007",
  "(ost",
  // 32 characters longer than `host`: the same slot of the table.
  `h${"o".repeat(35)}`,
])("%s is a field like any other", (name) => {
  expect(known(name)).toEqual([FIELD.other, FIELD.other]);
});
