import { Ajv, type AnySchemaObject, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";

import { messageOf, type Problem } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { runBounded } from "./bounded-run.ts";
import { refusal } from "./package-errors.ts";
import { endlessReference } from "./schema-loops.ts";

/** A config is small; who needs longer than this has a pattern that backtracks without end. */
const MAX_MILLISECONDS = 1_000;
const MAX_PROBLEMS = 20;
/** How many keys of a schema are compared with one that it does not have, and how many are named. */
const COMPARED_KEYS = 100;
const NAMED_KEYS = 10;
const LONGEST_KEY = 64;

/** `config` is the checked one with the schema's defaults filled in; the one given is left alone. */
export type ConfigCheck =
  | { readonly kind: "valid"; readonly config: unknown }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/** Reads config.schema.json (JSON Schema draft 7 or 2020-12) and makes sure that it can be used. */
export function checkSchema(where: string, text: string): unknown {
  try {
    const schema: unknown = JSON.parse(text);
    runBounded(MAX_MILLISECONDS, () => compile(schema));
    const endless = endlessReference(schema);
    if (endless !== undefined)
      throw new Error(
        `its $ref ${JSON.stringify(endless)} leads back to itself: no config can be checked by it`,
      );
    return schema;
  } catch (thrown) {
    throw refusal(where, undefined, `is no usable JSON schema: ${messageOf(thrown)}`);
  }
}

/**
 * Checks a plugin's config against its package's schema; without one anything goes. `where` and `key` say where the
 * config stands (`mesh.yaml`, `chain[2].config`). Never throws.
 */
export function checkConfig(schema: unknown, config: unknown, where: string, key: string): ConfigCheck {
  if (schema === undefined) return { kind: "valid", config };
  try {
    const checked: unknown = structuredClone(config ?? {});
    const errors = runBounded(MAX_MILLISECONDS, () => {
      const validate = compile(schema);
      return validate(checked) ? [] : (validate.errors ?? []).slice(0, MAX_PROBLEMS);
    });
    if (errors.length === 0) return { kind: "valid", config: checked };
    return { kind: "invalid", problems: errors.map((error) => problemOf(error, where, key)) };
  } catch (thrown) {
    // Some references, such as those by another document's name, are found to be endless only when they are followed.
    const message =
      thrown instanceof RangeError
        ? "the plugin's config.schema.json refers to itself without end: nothing can be checked by it"
        : messageOf(thrown);
    return { kind: "invalid", problems: [{ where, key, message }] };
  }
}

function compile(schema: unknown): ValidateFunction {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema))
    throw new Error("expected an object");
  const { $schema, $async } = schema as { $schema?: unknown; $async?: unknown };
  if ($async !== undefined) throw new Error("$async is not supported");
  const Engine = typeof $schema === "string" && $schema.includes("2020-12") ? Ajv2020 : Ajv;
  const engine = new Engine({
    allErrors: true,
    useDefaults: true,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    // Errors tell the part of the schema that they are about.
    verbose: true,
    // Formats are hints to people: which ones exist differs from one validator to the next.
    validateFormats: false,
    logger: false,
  });
  return engine.compile(schema);
}

function problemOf(error: ErrorObject, where: string, key: string): Problem {
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`));
  const { additionalProperty, allowedValues } = error.params as {
    additionalProperty?: string;
    allowedValues?: readonly unknown[];
  };
  if (additionalProperty !== undefined) {
    const message = `unknown key${adviceFor(additionalProperty, error.parentSchema)}`;
    return { where, key: `${key}${path.join("")}.${additionalProperty}`, message };
  }
  const choices = allowedValues === undefined ? "" : `: ${allowedValues.map(String).join(", ")}`;
  return { where, key: `${key}${path.join("")}`, message: `${error.message ?? error.keyword}${choices}` };
}

/** What may have been meant: the nearest key of the object's schema, or those that there are. */
function adviceFor(key: string, schema: AnySchemaObject | undefined): string {
  const properties = (schema?.["properties"] as object | undefined) ?? {};
  const keys = Object.keys(properties)
    .filter((name) => name.length <= LONGEST_KEY)
    .slice(0, COMPARED_KEYS);
  const near = suggestion(key, keys);
  if (near !== "" || keys.length === 0) return near;
  const named = keys.slice(0, NAMED_KEYS).join(", ");
  return `; the plugin's config.schema.json has ${named}${keys.length > NAMED_KEYS ? ", …" : ""}`;
}
