import { expect, test } from "vitest";
import * as fc from "fast-check";

import { HeaderBlock } from "./header-block.ts";
import { underscoredNames, withoutUnderscores } from "./underscores.ts";

test("fields whose name has an underscore are left out, whatever stands in values", () => {
  const headers = HeaderBlock.fromFlat(["_a", "1", "b", "x_y", "c_", "2", "d", "", "x_forwarded_for", "3"]);

  expect(withoutUnderscores(headers).toFlat()).toEqual(["b", "x_y", "d", ""]);
  expect(underscoredNames(headers)).toEqual(["_a", "c_", "x_forwarded_for"]);
});

test("a block without any comes back as it is", () => {
  const headers = HeaderBlock.fromFlat(["cookie", "_ga=1_2", "a", "b"]);

  expect(withoutUnderscores(headers)).toBe(headers);
  expect(underscoredNames(headers)).toEqual([]);
});

test("no field is mistaken for another, wherever the underscores are", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "_", "-"), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text)), (fields) => {
      const kept = fields.filter(([name]) => !name.includes("_"));

      expect(withoutUnderscores(HeaderBlock.fromFlat(fields.flat())).toFlat()).toEqual(kept.flat());
    }),
  );
});
