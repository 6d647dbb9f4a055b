import { expect, test } from "vitest";

import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { headerLines } from "./header-lines.ts";

const FIELD = 4;

test("a whole block is cut out of its text, the request line before it left away", () => {
  const flat = HeaderBlock.fromFlat(["Host", "a.example", "X-A", ""]);
  const shift = "GET / HTTP/1.1\r\n".length;
  const block = new HeaderBlock(
    `GET / HTTP/1.1\r\n${flat.text}\r\n`,
    flat.offsets.map((at) => at + shift),
  );

  expect(headerLines(block)).toBe("Host: a.example\r\nX-A: \r\n");
});

test("a field that does not belong to the block does not cross with its neighbours", () => {
  const all = HeaderBlock.fromFlat(["A", "1", "Secret", "2", "B", "3"]);
  const offsets = [...all.offsets];
  const block = new HeaderBlock(all.text, offsets.toSpliced(FIELD, FIELD));

  expect(headerLines(block)).toBe("A: 1\r\nB: 3\r\n");
});

test("white space around values and texts of another shape give lines all the same", () => {
  const padded = new HeaderBlock("A:1 \r\nB: 2", [0, 1, 2, 3, 6, 7, 9, 10]);
  const bare = new HeaderBlock("A1B2", [0, 1, 1, 2, 2, 3, 3, 4]);

  expect(headerLines(padded)).toBe("A: 1\r\nB: 2\r\n");
  expect(headerLines(bare)).toBe("A: 1\r\nB: 2\r\n");
  expect(headerLines(HeaderBlock.empty)).toBe("");
});
