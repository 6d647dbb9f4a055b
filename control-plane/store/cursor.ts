import { InputError } from "../../core/errors.ts";
import type { Value } from "./engine.ts";
import type { PageRequest } from "./store.ts";

export const MAX_PAGE = 1_000;

/** The place in a listing after a key, as text that callers only hand back. */
export function cursorAfter(key: readonly Value[]): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

/** The key that a cursor stands for; undefined without one. `like` has a value of the right type for each part. */
export function keyOfCursor(
  cursor: string | undefined,
  like: readonly ("string" | "number")[],
): readonly (string | number)[] | undefined {
  if (cursor === undefined) return undefined;
  const key = parsed(cursor);
  const fits =
    Array.isArray(key) &&
    key.length === like.length &&
    key.every((part, index) => typeof part === like[index]) &&
    cursorAfter(key) === cursor;
  if (fits) return key;
  throw new InputError([{ where: "page", key: "cursor", message: "expected what an earlier page gave" }]);
}

export function pageLimit({ limit }: PageRequest): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return limit;
  throw new InputError([
    { where: "page", key: "limit", message: `expected a whole number from 1 to ${MAX_PAGE}` },
  ]);
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    return undefined;
  }
}
