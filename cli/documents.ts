import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";

import { parseAllDocuments } from "yaml";

import { InputError, messageOf } from "../core/errors.ts";

/** The documents of a YAML or JSON file, or of standard input for `-`. Throws an `InputError` that names the file. */
export async function readDocuments(directory: string, file: string): Promise<readonly unknown[]> {
  const where = file === "-" ? "standard input" : resolve(directory, file);
  let content: string;
  try {
    content = file === "-" ? await text(process.stdin) : await readFile(where, "utf8");
  } catch (error) {
    throw new InputError([{ where, message: `cannot be read: ${messageOf(error)}` }]);
  }
  const documents = parseAllDocuments(content, { uniqueKeys: true });
  const parsed = Array.isArray(documents) ? documents : [];
  const problems = parsed.flatMap(({ errors }) =>
    errors.map(({ message }) => ({ where, message: message.split("\n", 1)[0] ?? message })),
  );
  if (problems.length > 0) throw new InputError(problems);
  const values = parsed
    .map((document): unknown => document.toJS({ maxAliasCount: 50 }))
    .filter((value) => value !== null);
  if (values.length === 0) throw new InputError([{ where, message: "has no document in it" }]);
  return values;
}
