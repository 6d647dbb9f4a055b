import { contentHash } from "../../core/content-hash.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Records, Unrevised, WritableRecords } from "../store/store.ts";

/** What became of a record that somebody wants to be so. */
export interface Put<Item> {
  readonly operation: "create" | "update" | "none";
  readonly before: Item | undefined;
  readonly after: Item;
}

/**
 * Makes a record or changes it; the same content again writes nothing. `expected`: the revision that the caller has
 * seen, 0 for one that must not be there; undefined: whatever is there.
 */
export async function putRecord<Item extends { readonly revision: number }, Key, By>(
  records: WritableRecords<Item, Key, By>,
  { noun, key }: { readonly noun: string; readonly key: Key },
  wanted: Unrevised<Item>,
  expected: number | undefined,
): Promise<Put<Item>> {
  const put = await comparedRecord(records, { noun, key }, wanted, expected);
  if (put.operation === "none") return put;
  const after = await (put.before === undefined ? records.insert(wanted) : records.update(wanted, expected));
  return { ...put, after };
}

/** What `putRecord` would do; writes nothing. */
export async function comparedRecord<Item extends { readonly revision: number }, Key>(
  records: Pick<Records<Item, Key, never>, "get">,
  { noun, key }: { readonly noun: string; readonly key: Key },
  wanted: Unrevised<Item>,
  expected: number | undefined,
): Promise<Put<Item>> {
  const before = await records.get(key);
  const revision = before?.revision ?? 0;
  if (expected !== undefined && expected !== revision) {
    const found = before === undefined ? "is not there" : `is at revision ${revision}, not ${expected}`;
    throw new OperationError("revision_mismatch", `${noun} ${String(key)} ${found}: look at it again`);
  }
  const after = { ...wanted, revision } as Item;
  if (before === undefined) return { operation: "create", before, after };
  const isSame = contentHash(after) === contentHash(before);
  return isSame ? { operation: "none", before, after: before } : { operation: "update", before, after };
}
