import * as fc from "fast-check";
import { expect, test } from "vitest";

import { applyEdits } from "./apply-edits.ts";
import { HeaderBlock } from "./header-block.ts";
import { withoutMeshFields } from "./header-rules.ts";
import { withoutHopByHop } from "./hop-by-hop.ts";
import { FIELD, KNOWN_NAMES } from "./known-fields.ts";
import { isForbiddenTrailer, isSmugglingTrailer } from "./trailer-rules.ts";
import { underscoredNames, withoutUnderscores } from "./underscores.ts";

const OTHERS = [
  "a",
  "x-a",
  "x_a",
  "x-mesh-a",
  "x_mesh_b",
  "x-am",
  "set-cookie",
  "content-type",
  "date",
  "max-forwards",
];
const NAMES = [...KNOWN_NAMES.filter((known) => known !== ""), ...OTHERS];

const name = fc.constantFrom(...NAMES);
const value = fc.oneof(
  fc.constantFrom("", "trailers", "Trailers", "gzip, trailers", "trailers;q=1", "deflate", "a, x-a", "close"),
  fc.stringMatching(/^[!-~]{0,8}$/),
);
const lists = fc.array(fc.tuple(name, value), { maxLength: 12 }).map((fields) => fields.flat());
const edits = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...NAMES, "X-New", "X-A"),
    values: fc.array(fc.constantFrom("1", " 2\t", ""), { maxLength: 2 }),
  }),
  { selector: (edit) => edit.name.toLowerCase() },
);

function sameOfEachField(block: HeaderBlock): unknown {
  return Array.from({ length: block.size }, (_, index) => [
    block.name(index),
    block.value(index),
    block.valueEquals(index, "trailers"),
    isForbiddenTrailer(block, index),
    isSmugglingTrailer(block, index),
    NAMES.map((each) => [block.is(index, each), block.startsWith(index, each)]),
  ]);
}

function everything(block: HeaderBlock): unknown {
  const odd = block.filter((index) => index % 2 === 1);
  return {
    flat: block.toFlat([":status", "200"]),
    each: sameOfEachField(block),
    found: NAMES.map((each) => [
      block.indexOf(each),
      block.indexOf(each, 2),
      block.get(each),
      block.all(each),
    ]),
    odd: odd.toFlat(),
    onward: withoutHopByHop(block).toFlat(),
    foreign: withoutMeshFields(block).toFlat(),
  };
}

test("fields that are strings answer every question as the same fields of a text do", () => {
  fc.assert(
    fc.property(lists, (flat) => {
      const ofFields = HeaderBlock.fromFields(flat);
      const ofText = HeaderBlock.fromFlat(flat);

      expect(everything(ofFields)).toEqual(everything(ofText));
      expect(withoutUnderscores(ofFields).toFlat()).toEqual(withoutUnderscores(ofText).toFlat());
      expect(underscoredNames(ofFields)).toEqual(underscoredNames(ofText));
    }),
    { numRuns: 1000 },
  );
});

test("edits do to them what they do to a text", () => {
  fc.assert(
    fc.property(lists, edits, (flat, changes) => {
      const ofText = applyEdits(HeaderBlock.fromFlat(flat), changes);

      const ofFields = applyEdits(HeaderBlock.fromFields(flat), changes);

      expect(everything(ofFields)).toEqual(everything(ofText));
    }),
    { numRuns: 1000 },
  );
});

test("their text is lines of HTTP/1.1, and offsets say where each field is", () => {
  const block = HeaderBlock.fromFields(["host", "a", "x-b", ""]);

  expect(block.text).toBe("host: a\r\nx-b: \r\n");
  expect([...block.offsets]).toEqual([0, 4, 6, 7, 9, 12, 14, 14]);
  expect(block.valueEnd(0)).toBe(7);
});

test("a known field that is not there is known not to be, before and after an edit adds it", () => {
  const block = HeaderBlock.fromFields(["te", "trailers", "x-a", "1"]);

  expect([FIELD.te, FIELD.host, FIELD.trailer].map((field) => block.mayHold(field))).toEqual([
    true,
    false,
    false,
  ]);
  const edited = applyEdits(block, [{ name: "Trailer", values: ["x-sum"] }]);
  expect(edited.mayHold(FIELD.trailer)).toBe(true);
});

test("what does not change is the same block, and no list that was given changes", () => {
  const flat = ["accept", "*/*", "te", "trailers"];
  const block = HeaderBlock.fromFields(flat);

  expect(withoutHopByHop(withoutMeshFields(withoutUnderscores(block)))).toBe(block);
  expect(block.filter(() => true)).toBe(block);
  applyEdits(block, [{ name: "accept", values: ["text/html"] }]);
  expect(flat).toEqual(["accept", "*/*", "te", "trailers"]);
});
