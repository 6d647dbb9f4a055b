import { expect, test } from "vitest";

import { printable, table } from "./table.ts";

test("columns are as wide as their longest cell", () => {
  const text = table(
    ["NAME", "STATE"],
    [
      ["a-long-name", "ONLINE"],
      ["b", "OFFLINE"],
    ],
  );

  expect(text).toBe("NAME          STATE\na-long-name   ONLINE\nb             OFFLINE\n");
});

test("without rows there are the headings", () => {
  expect(table(["NAME", "STATE"], [])).toBe("NAME   STATE\n");
});

test("what nodes wrote cannot move the cursor, colour the screen or begin a line", () => {
  expect(printable("bad\u001b[2J\r\nname\u202egpj\u009b1m")).toBe("bad [2J name gpj 1m");
});

test.for([
  0x00ad, 0x061c, 0x115f, 0x180e, 0x200b, 0x200d, 0x200f, 0x2028, 0x2060, 0x2069, 0x3164, 0xfe0f, 0xfeff,
  0xfff9, 0xe0041,
])("nothing that is not seen makes two names look the same: code point %i", (point) => {
  expect(printable(`guard${String.fromCodePoint(point)}2`)).toBe("guard 2");
});

test("letters of any language, and what is composed of several marks, stay", () => {
  const text = "naïve café, e\u0301, 守护, حارس, हिन्दी, 🛡";

  expect(printable(text)).toBe(text);
});
