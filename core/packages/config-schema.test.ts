import { expect, test } from "vitest";

import { InputError } from "../errors.ts";
import { checkConfig, checkSchema } from "./config-schema.ts";

const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";

const SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["token"],
  properties: {
    token: { type: "string" },
    limit: { type: "integer", default: 10 },
    rules: { type: "array", items: { type: "object", properties: { path: { enum: ["/a", "/b"] } } } },
  },
};

test("a config that fits gets the schema's defaults, and the one given stays as it was", () => {
  const config = { token: "x" };

  expect(checkConfig(SCHEMA, config, "mesh.yaml", "chain[0].config")).toEqual({
    kind: "valid",
    config: { token: "x", limit: 10 },
  });
  expect(config).toEqual({ token: "x" });
});

test("each problem of a config has the path to it", () => {
  const config = { limit: "many", rules: [{ path: "/c" }], colour: "red", rule: [] };

  const check = checkConfig(SCHEMA, config, "mesh.yaml", "chain[0].config");

  expect(
    check.kind === "invalid" && check.problems.map(({ key, message }) => `${key}: ${message}`).sort(),
  ).toEqual([
    "chain[0].config.colour: unknown key; the plugin's config.schema.json has token, limit, rules",
    "chain[0].config.limit: must be integer",
    'chain[0].config.rule: unknown key, did you mean "rules"?',
    "chain[0].config.rules[0].path: must be equal to one of the allowed values: /a, /b",
    "chain[0].config: must have required property 'token'",
  ]);
});

test("a package without a schema takes any config", () => {
  expect(checkConfig(undefined, { any: 1 }, "mesh.yaml", "config").kind).toBe("valid");
});

test("a missing config is checked as an empty one", () => {
  expect(checkConfig(SCHEMA, undefined, "mesh.yaml", "config").kind).toBe("invalid");
});

test("a schema of draft 2020-12 is understood", () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: { pair: { prefixItems: [{ type: "string" }, { type: "integer" }] } },
  };

  expect(checkConfig(schema, { pair: ["a", "b"] }, "mesh.yaml", "config").kind).toBe("invalid");
});

test.for([
  ["no JSON", "{"],
  ["a list", "[]"],
  ["an unknown keyword", '{"typ": "object"}'],
  ["an unknown type", '{"type": "text"}'],
  ["a reference to nowhere", '{"$ref": "https://example.com/schema.json"}'],
  ["an asynchronous schema", '{"$async": true}'],
  ["a schema so deep that it has no bottom", "[".repeat(100_000)],
] as const)("%s is refused as schema", ([, text]) => {
  expect(() => checkSchema("config.schema.json", text)).toThrow(InputError);
});

test.for([
  { $ref: "#" },
  { allOf: [{ anyOf: [{ $ref: "#" }] }] },
  {
    properties: { rule: { $ref: "#/definitions/a" } },
    definitions: { a: { not: { $ref: "#/definitions/a" } } },
  },
  { definitions: { a: { $ref: "#/definitions/b%7E1" }, "b/": { $ref: "#/definitions/a" } } },
  { $schema: DRAFT_2020, $defs: { a: { $anchor: "top", allOf: [{ $ref: "#top" }] } } },
  { $schema: DRAFT_2020, dependentSchemas: { a: { $ref: "#" } } },
])("a schema that leads back to itself without end is refused with the reference: %j", (schema) => {
  expect(() => checkSchema("config.schema.json", JSON.stringify(schema))).toThrow(
    /its \$ref "#.*" leads back to itself/,
  );
});

test.for([
  { type: "object", properties: { inner: { $ref: "#" } } },
  {
    type: "object",
    properties: { $ref: { type: "string" }, not: { $ref: "#/definitions/a" } },
    definitions: { a: {} },
  },
  { anyOf: [{ type: "array", items: { $ref: "#" } }, { type: "object" }] },
  {
    allOf: [{ $ref: "#/definitions/a" }, { $ref: "#/definitions/a" }],
    definitions: { a: { type: "object" } },
  },
])("a schema that refers to itself for what is inside is taken: %j", (schema) => {
  expect(checkSchema("config.schema.json", JSON.stringify(schema))).toEqual(schema);
});

test("a schema that leads back to itself by its own name is said to be at fault, not the stack", () => {
  const schema = { $id: "https://example.com/a", allOf: [{ $ref: "https://example.com/a" }] };

  expect(checkConfig(schema, {}, "mesh.yaml", "config")).toMatchObject({
    problems: [{ message: expect.stringContaining("refers to itself without end") as string }],
  });
});

test("a pattern that backtracks without end is a problem after a second, not a hung sidecar", () => {
  const schema = { type: "object", properties: { id: { type: "string", pattern: "^(a+)+$" } } };

  const check = checkConfig(schema, { id: `${"a".repeat(60)}!` }, "mesh.yaml", "config");

  expect(check).toMatchObject({
    kind: "invalid",
    problems: [{ message: expect.stringMatching(/timed out/) as string }],
  });
});
