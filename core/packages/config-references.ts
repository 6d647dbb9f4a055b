import type { Problem } from "../errors.ts";
import { checkConfigApart } from "./schema-thread.ts";

/** What a secret looks like to a schema: nodes put the real one in its place. */
const SECRET = "secret";

/**
 * Checks a plugin's config as people wrote it against a version's schema; empty: it fits. Secrets are references
 * (`fromEnv`, `fromFile`) that only nodes can resolve: each counts as some text, and whether that text fits is not
 * judged here. `where` and `key` say where the config stands. In the thread beside, since a schema can be slow.
 */
export async function configProblems(
  schema: unknown,
  config: unknown,
  where: string,
  key: string,
): Promise<readonly Problem[]> {
  const secrets = new Set<string>();
  const check = await checkConfigApart(schema, withoutReferences(config, key, secrets), where, key);
  if (check.kind === "valid") return [];
  return check.problems.filter((problem) => problem.key === undefined || !secrets.has(problem.key));
}

function withoutReferences(value: unknown, key: string, secrets: Set<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value))
    return value.map((part, index) => withoutReferences(part, `${key}[${index}]`, secrets));
  if (isReference(value)) {
    secrets.add(key);
    return SECRET;
  }
  const parts = Object.entries(value).map(([name, part]) => {
    return [name, withoutReferences(part, `${key}.${name}`, secrets)] as const;
  });
  return Object.fromEntries(parts);
}

function isReference(value: object): boolean {
  const [[kind, name] = [], ...others] = Object.entries(value);
  return (kind === "fromEnv" || kind === "fromFile") && typeof name === "string" && others.length === 0;
}
