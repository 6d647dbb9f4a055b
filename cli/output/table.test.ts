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
