import { resolve } from "node:path";

import { messageOf, type Problem } from "../../core/errors.ts";
import { ownValue } from "../../core/own-value.ts";
import { readTextFile } from "../../core/text-file.ts";

const MAX_SECRET_BYTES = 64 * 1024;

/** Where references are looked up, and what problems call the place that holds them. */
export interface SecretContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to. */
  readonly directory: string;
  readonly where: string;
}

/** A value with its references replaced, and what could not be. Values never appear in problems. */
export interface ResolvedSecrets {
  readonly value: unknown;
  /** What the references stood for. */
  readonly secrets: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * Replaces every `{ fromEnv: NAME }` and `{ fromFile: PATH }` in a plugin's config by the secret itself, which a
 * snapshot therefore never holds. A line break at the end of a file is not part of the secret. `key` is the path of
 * `value`.
 */
export async function resolveSecrets(
  value: unknown,
  key: string,
  context: SecretContext,
): Promise<ResolvedSecrets> {
  if (typeof value !== "object" || value === null) return { value, secrets: [], problems: [] };
  if ("fromEnv" in value || "fromFile" in value) return resolveReference(value, key, context);
  const parts = await Promise.all(
    Object.entries(value).map(async ([name, part]): Promise<[string, ResolvedSecrets]> => {
      const partKey = Array.isArray(value) ? `${key}[${name}]` : `${key}.${name}`;
      return [name, await resolveSecrets(part, partKey, context)];
    }),
  );
  const problems = parts.flatMap(([, part]) => part.problems);
  const secrets = parts.flatMap(([, part]) => part.secrets);
  const values = parts.map(([name, part]) => [name, part.value] as const);
  if (Array.isArray(value)) return { value: values.map(([, each]) => each), secrets, problems };
  return { value: Object.fromEntries(values), secrets, problems };
}

async function resolveReference(
  reference: object,
  key: string,
  context: SecretContext,
): Promise<ResolvedSecrets> {
  const [[kind, name] = [], ...others] = Object.entries(reference);
  if (others.length > 0 || typeof name !== "string" || name === "")
    return refused(context, key, "expected { fromEnv: NAME } or { fromFile: PATH } and nothing beside it");
  if (kind === "fromFile") return fromFile(name, key, context);
  const secret = ownValue(context.environment, name);
  if (secret !== undefined) return found(secret);
  return refused(context, key, `the environment has no ${name}`);
}

async function fromFile(path: string, key: string, context: SecretContext): Promise<ResolvedSecrets> {
  const absolute = resolve(context.directory, path);
  try {
    return found((await readTextFile(absolute, MAX_SECRET_BYTES)).replace(/\r?\n$/, ""));
  } catch (thrown) {
    return refused(context, key, messageOf(thrown));
  }
}

function found(secret: string): ResolvedSecrets {
  return { value: secret, secrets: [secret], problems: [] };
}

function refused({ where }: SecretContext, key: string, message: string): ResolvedSecrets {
  return { value: undefined, secrets: [], problems: [{ where, key, message }] };
}
