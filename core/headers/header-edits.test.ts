import * as fc from "fast-check";
import { expect, test } from "vitest";

import { EditsMerge, mergeEdits, NO_EDITS, type HeaderEdit } from "./header-edits.ts";

test("a later edit stands in the place of the earlier one of the same name, whatever the case", () => {
  const earlier = [edit("X-A", "1"), edit("X-B", "1")];

  const merged = mergeEdits(earlier, [edit("x-a"), edit("X-C", "2")]);

  expect(merged).toEqual([edit("x-a"), edit("X-B", "1"), edit("X-C", "2")]);
});

test("merging is what a map by lower-case name does", () => {
  const edits = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("a", "A", "b", "bb", "Bb", "cc"),
      values: fc.array(fc.constantFrom("1", "2")),
    }),
    { selector: ({ name }) => name.toLowerCase() },
  );

  fc.assert(
    fc.property(edits, edits, (earlier, later) => {
      const map = new Map([...earlier, ...later].map((each) => [each.name.toLowerCase(), each]));
      expect(mergeEdits(earlier, later)).toEqual([...map.values()]);
    }),
  );
});

test("what is merged again is the same object, and everything else is merged anew", () => {
  const merge = new EditsMerge();
  const first = [edit("X-A", "1")];
  const second = [edit("X-B", "2")];

  const merged = merge.of(first, second);

  expect(merged).toEqual([...first, ...second]);
  expect(merge.of(first, second)).toBe(merged);
  expect(merge.of(second, first)).toEqual([...second, ...first]);
  expect(merge.of(NO_EDITS, first)).toBe(first);
  expect(merge.of(first, second)).toEqual(merged);
});

function edit(name: string, ...values: readonly string[]): HeaderEdit {
  return { name, values };
}
