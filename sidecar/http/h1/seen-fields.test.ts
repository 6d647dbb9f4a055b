import * as fc from "fast-check";
import { expect, test } from "vitest";

import { applyEdits } from "../../../core/headers/apply-edits.ts";
import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { withoutMeshFields } from "../../../core/headers/header-rules.ts";
import { withoutHopByHop } from "../../../core/headers/hop-by-hop.ts";
import { KNOWN_NAMES } from "../../../core/headers/known-fields.ts";
import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import { requestHeadText } from "./head-writer.ts";
import { RequestReader } from "./request-reader.ts";

/** Values with which each known field stands in a legal request without a body. */
const LEGAL: Readonly<Record<string, string>> = {
  connection: "keep-alive, x-named",
  "content-length": "0",
  expect: "100-continue",
};

const known = fc
  .constantFrom(...KNOWN_NAMES.filter((name) => !["", "host", "transfer-encoding"].includes(name)))
  .map((name): [string, string] => [name, LEGAL[name] ?? "trailers"]);
const other = fc.constantFrom<[string, string][]>(
  ["accept", "*/*"],
  ["x-named", "1"],
  ["hostess", "2"],
  ["x-mesh-plugin", "3"],
  ["x_mesh_plugin", "4"],
  ["x-mined", "5"],
);
const lines = fc.uniqueArray(fc.oneof(known, other), { selector: ([name]) => name, maxLength: 10 });
const cased = fc.func(fc.boolean());
const white = fc.constantFrom(" ", "", "\t", "  ");
const spaces = fc.record({ before: white, behind: fc.constantFrom("", " ", "\t") });
const edits = fc.uniqueArray(
  fc.record({ name: fc.constantFrom("TE", "Trailer", "X-New", "Host"), values: fc.constant(["trailers"]) }),
  { selector: ({ name }) => name, maxLength: 3 },
);

test("what the scanner saw spares look-ups and changes nothing that leaves", () => {
  fc.assert(
    fc.property(lines, cased, spaces, edits, (fields, upper, { before, behind }, added) => {
      const flat = [["Host", "a.example"], ...fields].map(([name = "", value]) => [
        upper(name) ? name.toUpperCase() : name,
        value,
      ]);
      const text = `GET / HTTP/1.1\r\n${flat.map(([name, value]) => `${name}:${before}${value}${behind}\r\n`).join("")}\r\n`;
      const read = new RequestReader(DEFAULT_WIRE_LIMITS).read(Buffer.from(text), 0);
      if (read.kind !== "head") throw new Error(read.kind);
      const { headers } = read.parsed.head;
      const unseen = new HeaderBlock(headers.text, headers.offsets);
      const flatly = HeaderBlock.fromFlat(headers.toFlat());

      const [leaves, expected, made] = [headers, unseen, flatly].map((block) => {
        const outgoing = applyEdits(withoutHopByHop(withoutMeshFields(block)), added);
        const request = { method: "GET", target: "/", authority: "b.example", upgrade: false };
        return requestHeadText({ ...request, headers: outgoing }, { kind: "none" });
      });

      expect(leaves).toBe(expected);
      expect(made).toBe(expected);
    }),
    { numRuns: 500 },
  );
});
