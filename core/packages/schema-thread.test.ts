import { expect, test } from "vitest";

import { InputError } from "../errors.ts";
import { checkConfigApart, checkSchemaApart } from "./schema-thread.ts";

const SCHEMA = { type: "object", properties: { limit: { type: "integer", default: 10 } } };
const ENDLESS = { type: "object", properties: { id: { type: "string", pattern: "^(a+)+$" } } };

test("a config is checked as it would be here, defaults and problems included", async () => {
  expect(await checkConfigApart(SCHEMA, undefined, "mesh.yaml", "config")).toEqual({
    kind: "valid",
    config: { limit: 10 },
  });
  expect(await checkConfigApart(SCHEMA, { limit: "x" }, "mesh.yaml", "config")).toEqual({
    kind: "invalid",
    problems: [{ where: "mesh.yaml", key: "config.limit", message: "must be integer" }],
  });
  expect(await checkConfigApart(undefined, { any: 1 }, "mesh.yaml", "config")).toEqual({
    kind: "valid",
    config: { any: 1 },
  });
});

test("a schema comes back read, and one that cannot be used is refused with its place", async () => {
  expect(await checkSchemaApart("config.schema.json", JSON.stringify(SCHEMA))).toEqual(SCHEMA);
  await expect(checkSchemaApart("a/config.schema.json", "[]")).rejects.toThrow(InputError);
  await expect(checkSchemaApart("a/config.schema.json", "[]")).rejects.toThrow("a/config.schema.json");
});

test("while a pattern backtracks without end this thread goes on, and the next check still comes", async () => {
  const config = { id: `${"a".repeat(60)}!` };
  let turns = 0;
  const ticking = setInterval(() => turns++, 10);

  const endless = checkConfigApart(ENDLESS, config, "mesh.yaml", "config");
  const next = checkConfigApart(SCHEMA, {}, "mesh.yaml", "config");

  expect(await endless).toMatchObject({
    kind: "invalid",
    problems: [{ message: expect.stringMatching(/timed out/) as string }],
  });
  expect(await next).toMatchObject({ kind: "valid" });
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(5);
});

test("a schema that takes all memory takes only its own thread", async () => {
  const large = Array.from({ length: 4_000 }, (_, index) => [`k${index}`, { enum: ["x".repeat(40), index] }]);
  const properties = Object.fromEntries(large);
  const nested = {
    type: "object",
    properties: Object.fromEntries(large.map(([key]) => [key, { properties }])),
  };

  const check = await checkConfigApart(nested, {}, "mesh.yaml", "config");

  expect(check).toMatchObject({ kind: "invalid" });
  expect(await checkConfigApart(SCHEMA, {}, "mesh.yaml", "config")).toMatchObject({ kind: "valid" });
});

test("what was found in order is not checked again, and its answer is a copy", async () => {
  const text = JSON.stringify({ ...SCHEMA, title: "known" });
  const schema = await checkSchemaApart("a/config.schema.json", text);
  const first = await checkConfigApart(schema, {}, "mesh.yaml", "config");
  Object.assign((first as { config: object }).config, { limit: "changed" });
  const endless = checkConfigApart(ENDLESS, { id: `${"a".repeat(60)}?` }, "mesh.yaml", "config");

  const known = async (): Promise<unknown> => {
    const again = await checkSchemaApart("b/config.schema.json", text);
    return checkConfigApart(again, {}, "other.yaml", "config");
  };

  expect(await Promise.race([known(), endless])).toEqual({ kind: "valid", config: { limit: 10 } });
  await endless;
});

test("what looks alike in JSON is not taken for the same", async () => {
  const schema = { type: "object", properties: { rate: { type: ["integer", "null"] } } };
  const kindOf = async (rate: unknown): Promise<string> =>
    (await checkConfigApart(schema, { rate }, "mesh.yaml", "config")).kind;

  expect([await kindOf(null), await kindOf(Number.NaN)]).toEqual(["valid", "invalid"]);
});
