import type { Problem } from "../../core/errors.ts";

/** The last word of a name that holds a secret: `apiToken`, `client-secret`, `PASSWORD`. */
const SECRET_NAME =
  /(?:^|[a-z\d]|[-_])(?:password|passwd|passphrase|secret|token|credentials?|api[-_]?key|private[-_]?key|secret[-_]?key)$/i;

/**
 * Texts in a config that are secrets by their name or by their schema (`format: password`, `writeOnly`): they must be
 * references, since what is stored here is shown to readers, audited and sent to every node.
 */
export function inlineSecrets(config: unknown, schemas: readonly unknown[], key: string): readonly Problem[] {
  if (typeof config !== "object" || config === null) return [];
  return Object.entries(config).flatMap(([name, value]): readonly Problem[] => {
    const inList = Array.isArray(config);
    const inside = inList ? `${key}[${name}]` : `${key}.${name}`;
    const members = schemas.flatMap((schema) => memberOf(schema, inList ? "items" : name));
    if (typeof value !== "string") return inlineSecrets(value, members, inside);
    const secret = members.some(isSecret) || (!inList && SECRET_NAME.test(name));
    if (!secret || value === "") return [];
    const message = "is a secret: expected a reference, {fromEnv: NAME} or {fromFile: PATH}";
    return [{ where: "chain", key: inside, message }];
  });
}

function memberOf(schema: unknown, name: string): readonly unknown[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties, items } = schema as { properties?: unknown; items?: unknown };
  if (name === "items") return items === undefined ? [] : [items];
  if (typeof properties !== "object" || properties === null || !Object.hasOwn(properties, name)) return [];
  return [(properties as Readonly<Record<string, unknown>>)[name]];
}

function isSecret(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  const { format, writeOnly } = schema as { format?: unknown; writeOnly?: unknown };
  return format === "password" || writeOnly === true;
}
