import * as fc from "fast-check";
import { expect, test } from "vitest";

import { mergeEdits, type HeaderEdit } from "../../../core/headers/header-edits.ts";
import { editsText } from "../protocol/edits-text.ts";
import { RequestHeaders } from "./request-headers.ts";

const MESH = [["X-Mesh-Path", "/a"]] as const;

test("names are found without regard to case, values come without the blanks around them", () => {
  const headers = headersOf("Host: a\r\nX-Trace: \t v w \t\r\nx-empty:\r\n");

  expect([headers.get("HOST"), headers.get("x-trace"), headers.get("X-Empty")]).toEqual(["a", "v w", ""]);
  expect([headers.has("host"), headers.has("ost"), headers.has("x")]).toEqual([true, false, false]);
});

test("bytes that look like spaces elsewhere stay", () => {
  // "à" in UTF-8 ends in a byte that Unicode calls a no-break space.
  expect(headersOf("X-A: caf\u00c3\u00a0\r\n").get("x-a")).toBe("caf\u00c3\u00a0");
});

test("a name cannot be made to match across lines or into a value", () => {
  const headers = headersOf("A: b\r\nC: d: e\r\nX: c: f\r\n");

  expect([headers.get("d"), headers.get("b\r\nc"), headers.get(""), headers.get("c: d")]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(headers.getAll("c")).toEqual(["d: e"]);
});

test("every char that a name may have is itself only, and names beyond the patterns that are kept are found too", () => {
  const marks = "!#$%&'*+-.^_`|~";
  const names = Array.from({ length: 200 }, (_, number) => `x-${number}`);
  const headers = headersOf(`${marks}: all\r\n${names.map((name) => `${name}: ${name}\r\n`).join("")}`);

  expect(headers.get(marks)).toBe("all");
  for (const mark of marks) expect(headers.has(marks.replace(mark, "a"))).toBe(false);
  expect(names.filter((name) => headers.get(name) !== name)).toEqual([]);
});

test("searching and iterating tell the same, whatever the plugins before changed", () => {
  const name = fc.constantFrom("Host", "Cookie", "X-A", "x-a", "SET-COOKIE", "Set-Cookie");
  const value = fc.string({
    unit: fc.constantFrom("a", "b", ":", " ", ";", "\u00e9", "\u00a0"),
    maxLength: 8,
  });
  const edit = fc.record({
    name,
    values: fc.array(
      value.map((text) => text.trim()),
      { maxLength: 2 },
    ),
  });
  const lines = fc.array(fc.tuple(name, value), { maxLength: 8 });
  fc.assert(
    fc.property(lines, fc.array(edit, { maxLength: 4 }), (fields, made) => {
      const edits = made.reduce((merged: readonly HeaderEdit[], each) => mergeEdits(merged, [each]), []);
      const text = fields.map(([key, each]) => `${key}: ${each}\r\n`).join("");
      // A message of its own for each question: whoever has iterated searches no more.
      const headersAnew = (): RequestHeaders => headersOf(text, editsText(edits));

      const listed = new Map(
        Array.from(headersAnew(), ({ key, value: values }) => [key.toLowerCase(), values]),
      );
      for (const each of ["host", "cookie", "x-a", "set-cookie", "x-mesh-path", "x-mesh-none", "y"]) {
        expect(headersAnew().getAll(each)).toEqual(listed.get(each) ?? []);
        expect(headersAnew().has(each)).toBe(listed.has(each));
        expect(headersAnew().get(each)).toBe(listed.get(each)?.[0]);
      }
    }),
  );
});

function headersOf(lines: string, edits = ""): RequestHeaders {
  const before = "GET\nhost: of the facts\nx-a:1\n";
  return new RequestHeaders(before + lines, before.length, edits, () => MESH);
}
