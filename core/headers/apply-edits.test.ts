import * as fc from "fast-check";
import { expect, test } from "vitest";

import { applyEdits, onlyAdds } from "./apply-edits.ts";
import { HeaderBlock } from "./header-block.ts";
import type { HeaderEdit } from "./header-edits.ts";

const headers = HeaderBlock.fromFlat(["Host", "a", "ACCEPT", "1", "x-b", "2", "accept", "3", "Cookie", "c"]);

test("an edit stands at the place and in the case of the first occurrence and drops the others", () => {
  const edited = applyEdits(headers, [{ name: "Accept", values: ["text/html", "*/*"] }]);

  const accept = ["ACCEPT", "text/html", "ACCEPT", "*/*"];
  expect(edited.toFlat()).toEqual(["Host", "a", ...accept, "x-b", "2", "Cookie", "c"]);
});

test("a new name is appended in its own case, after what is there", () => {
  const edited = applyEdits(headers, [{ name: "X-WEB-User", values: ["ada"] }]);

  expect(edited.toFlat().slice(-4)).toEqual(["Cookie", "c", "X-WEB-User", "ada"]);
});

test("an empty list deletes every occurrence, and is nothing for a name that is not there", () => {
  const edited = applyEdits(headers, [
    { name: "accept", values: [] },
    { name: "x-none", values: [] },
  ]);

  expect(edited.toFlat()).toEqual(["Host", "a", "x-b", "2", "Cookie", "c"]);
});

test("white space around a value is no part of it", () => {
  const edited = applyEdits(HeaderBlock.empty, [{ name: "a", values: ["  x y\t", " \t "] }]);

  expect(edited.toFlat()).toEqual(["a", "x y", "a", ""]);
});

test("no edits give the same block, and the block that was edited does not change", () => {
  const before = headers.toFlat();

  expect(applyEdits(headers, [])).toBe(headers);
  applyEdits(headers, [{ name: "accept", values: ["changed"] }]);
  expect(headers.toFlat()).toEqual(before);
});

const name = fc.constantFrom("a", "A", "b", "B-b", "c", "Set-Cookie", "set-cookie");
const value = fc.stringMatching(/^[!-~]{0,8}$/);
const fields = fc.array(fc.tuple(name, value), { maxLength: 12 });
const edits = fc.uniqueArray(fc.record({ name, values: fc.array(value, { maxLength: 3 }) }), {
  selector: (edit) => edit.name.toLowerCase(),
});

/** The rule of docs/plugins.md, said in the slowest way. */
function model(flat: readonly (readonly [string, string])[], edits: readonly HeaderEdit[]): string[][] {
  let lines = flat.map(([name, value]) => [name, value]);
  for (const edit of edits) {
    const same = ([name]: readonly string[]): boolean => name?.toLowerCase() === edit.name.toLowerCase();
    const first = lines.findIndex(same);
    const written = edit.values.map((value) => [lines[first]?.[0] ?? edit.name, value]);
    const place = first < 0 ? lines.length : first;
    const behind = lines.slice(place).filter((line) => !same(line));
    lines = [...lines.slice(0, place), ...written, ...behind];
  }
  return lines;
}

test.each([
  ["a name that is there, whatever its case", "X-B", ["1"]],
  ["what the wire writes itself", "Content-Length", ["1"]],
  ["what the mesh says", "X-Mesh-Plugin-Skipped", ["a"]],
  ["a deletion", "X-None", []],
  ["a value with white space around it", "X-New", ["a", " b"]],
])("an edit of %s does more than add", (_what, edited, values) => {
  expect(onlyAdds(headers, [{ name: edited, values }])).toBe(false);
});

test("where edits only add, they stand behind the fields that were there, one line for each value", () => {
  fc.assert(
    fc.property(fields, edits, (flat, changes) => {
      const block = HeaderBlock.fromFlat(flat.flat());
      fc.pre(onlyAdds(block, changes));
      const added = changes.flatMap((edit) => edit.values.flatMap((each) => [edit.name, each]));

      expect(applyEdits(block, changes).toFlat()).toEqual([...flat.flat(), ...added]);
    }),
  );
});

test("whatever the headers and edits, and however often: what comes out is what the rule says", () => {
  fc.assert(
    fc.property(fields, edits, edits, (flat, first, second) => {
      const block = applyEdits(applyEdits(HeaderBlock.fromFlat(flat.flat()), first), second);

      const lines = model(model(flat, first) as [string, string][], second);
      expect(block.toFlat()).toEqual(lines.flat());
    }),
    { numRuns: 1000 },
  );
});
