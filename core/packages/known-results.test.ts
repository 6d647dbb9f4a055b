import { expect, test } from "vitest";

import { KnownResults } from "./known-results.ts";
import type { SchemaResult } from "./schema-thread.ts";

const ROOM = 64;

function schema(text: string): SchemaResult {
  return { kind: "schema", schema: text };
}

test("as many results are kept as there is room for, the newest of them", () => {
  const known = new KnownResults();
  for (let n = 0; n <= ROOM; n++) known.keep(`${n}`, schema(`${n}`));

  expect(known.find("0")).toBeUndefined();
  expect(known.find("1")).toEqual(schema("1"));
  expect(known.find(`${ROOM}`)).toEqual(schema(`${ROOM}`));
});

test("what is long, or wrong, is checked each time", () => {
  const known = new KnownResults();

  known.keep("long", schema("x".repeat(100_000)));
  known.keep("wrong", { kind: "config", check: { kind: "invalid", problems: [] } });
  known.keep("refused", { kind: "refused", problems: [] });

  for (const key of ["long", "wrong", "refused"]) expect(known.find(key)).toBeUndefined();
});

test("a config that no message can carry has no key, and nothing is kept for it", () => {
  const known = new KnownResults();
  const task = { kind: "config", schema: {}, config: () => {}, where: "mesh.yaml", key: "config" } as const;

  expect(known.keyOf(task)).toBeUndefined();
  known.keep(undefined, schema(""));
  expect(known.find(undefined)).toBeUndefined();
});
