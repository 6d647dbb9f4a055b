import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { ManualClock } from "../../../core/manual-clock.ts";
import { DateLine } from "./date-line.ts";
import { responseHeadText } from "./head-writer.ts";

const MADE = Date.UTC(1994, 10, 6, 8, 49, 37);

function headText(status: number, ...fields: string[]): string {
  const head = { status, headers: HeaderBlock.fromFlat(fields) };
  return responseHeadText(
    head,
    { kind: "none" },
    { close: false },
    new DateLine(new ManualClock(MADE + 999)),
  );
}

test("an answer without a Date gets one, in the form of RFC 9110 §5.6.7", () => {
  expect(headText(404, "x", "y")).toBe(
    "HTTP/1.1 404 Not Found\r\nx: y\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
  );
});

test("the Date of whoever made the answer stays, whatever it says", () => {
  expect(headText(200, "dATE", "yesterday")).toBe("HTTP/1.1 200 OK\r\ndATE: yesterday\r\n\r\n");
});

test("answers before the final one get none", () => {
  expect(headText(103, "x", "y")).not.toContain("Date");
});

test("it goes with the clock", () => {
  const clock = new ManualClock(MADE);
  const line = new DateLine(clock);

  expect(line.text).toContain("08:49:37");
  clock.advance(1000);
  expect(line.text).toContain("08:49:38");
});
