import { expect, test } from "vitest";

import { configProblems } from "./config-references.ts";

const schema = {
  type: "object",
  properties: {
    limit: { type: "integer" },
    key: { type: "string", minLength: 32 },
    list: { type: "array", items: { type: "string", pattern: "^x" } },
  },
  required: ["key"],
  additionalProperties: false,
};

async function problems(config: unknown): Promise<string[]> {
  const found = await configProblems(schema, config, "chain of demo", "entries[0].config");
  return found.map(({ key, message }) => `${key}: ${message}`);
}

test("a secret's reference passes for any text, also where the schema asks for more of it", async () => {
  expect(await problems({ key: { fromEnv: "KEY" }, list: [{ fromFile: "/run/secret" }] })).toEqual([]);
});

test("what is wrong beside the secret is named", async () => {
  expect(await problems({ key: { fromEnv: "KEY" }, limit: "many", list: ["y"] })).toEqual([
    "entries[0].config.limit: must be integer",
    'entries[0].config.list[0]: must match pattern "^x"',
  ]);
});

test("a secret is a text: where a number is expected, the node will tell", async () => {
  expect(await problems({ key: { fromEnv: "KEY" }, limit: { fromEnv: "LIMIT" } })).toEqual([]);
});

test("what only looks like a reference is config", async () => {
  expect(await problems({ key: { fromEnv: "KEY", beside: 1 } })).toEqual([
    "entries[0].config.key: must be string",
  ]);
});

test("without a schema any config goes", async () => {
  expect(await configProblems(undefined, { any: 1 }, "w", "k")).toEqual([]);
});
