import { parseDocument, type YAMLParseError } from "yaml";
import { z } from "zod";

import { DURATION_FORM, parseDuration } from "./duration.ts";
import { InputError, messageOf, type Problem } from "./errors.ts";
import { keysAt } from "./document-keys.ts";
import { suggestion } from "./nearest.ts";
import { plainValueProblem } from "./plain-value.ts";
import { parseSize, SIZE_FORM } from "./size.ts";

/** A duration with its unit (`50ms`), in milliseconds once parsed. */
export const durationText = textOf(parseDuration, DURATION_FORM);

/** A size with its unit (`32MiB`), in bytes once parsed. */
export const sizeText = textOf(parseSize, SIZE_FORM);

/**
 * Reads one YAML (or JSON) document and checks it against a schema. `where` names the file in problems.
 * Throws an `InputError` with every problem found; aliases that blow up and repeated keys are problems too.
 */
export function readDocument<Out>(where: string, text: string, schema: z.ZodType<Out>): Out {
  return checkValue(where, readYaml(where, text), schema);
}

/** Checks a value that was read already, which must be plain data. Throws an `InputError` as `readDocument` does. */
export function checkValue<Out>(where: string, value: unknown, schema: z.ZodType<Out>): Out {
  const problem = plainValueProblem(value);
  if (problem !== undefined)
    throw new InputError([{ where, key: keyPath(problem.path), message: problem.message }]);
  const checked = schema.safeParse(value, { reportInput: true });
  if (checked.success) return checked.data;
  throw new InputError(checked.error.issues.flatMap((issue) => problemsOf(where, issue, schema)));
}

function readYaml(where: string, text: string): unknown {
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true, logLevel: "error" });
  if (document.errors.length > 0)
    throw new InputError(document.errors.map((error) => ({ where, message: syntaxMessage(text, error) })));
  try {
    return document.toJS({ maxAliasCount: 50 });
  } catch (thrown) {
    throw new InputError([{ where, message: messageOf(thrown) }]);
  }
}

function problemsOf(where: string, issue: z.core.$ZodIssue, schema: z.ZodType): readonly Problem[] {
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => ({
      where,
      key: keyPath([...issue.path, key]),
      message: `unknown key${suggestion(key, known)}`,
    }));
  }
  if (issue.code === "invalid_key") {
    const message = issue.issues.map((each) => each.message).join(", ");
    return [{ where, key: keyPath(issue.path), message }];
  }
  const missing = issue.input === undefined && issue.code !== "custom";
  const expected = issue.message.replace(/^Invalid input: /, "").replace(/, received undefined$/, "");
  const message = missing ? `missing: ${expected}` : issue.message;
  return [{ where, key: keyPath(issue.path), message }];
}

/** `chain[2].timeout` */
function keyPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : index === 0 ? String(part) : `.${String(part)}`,
    )
    .join("");
}

function textOf(parse: (text: string) => number | undefined, form: string): z.ZodType<number> {
  return z.string({ error: `expected ${form}` }).transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `expected ${form}, not ${JSON.stringify(text)}` });
    return z.NEVER;
  });
}

/** A key as it is written, quoted or plain. */
const KEY = /^(?:"[^"\n]*"|'[^'\n]*'|[^\s:,{}[\]]+)/;

/** Without the source excerpt that follows; a repeated key is named, which the parser does not. */
function syntaxMessage(text: string, { code, message, pos: [start] }: YAMLParseError): string {
  const said = message.split("\n", 1)[0]?.replace(/:$/, "") ?? message;
  if (code === "MULTIPLE_DOCS")
    return said.replace(/^.* at /, "expected one document, another one begins at ");
  const key = code === "DUPLICATE_KEY" ? KEY.exec(text.slice(start, start + 256))?.[0] : undefined;
  if (key === undefined) return said;
  return said.replace("Map keys must be unique", `the key ${key} is there more than once, again`);
}
