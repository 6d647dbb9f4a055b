import { contentHash } from "../../core/content-hash.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Unrevised, WritableRecords } from "../store/store.ts";

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
  const before = await records.get(key);
  const revision = before?.revision ?? 0;
  if (expected !== undefined && expected !== revision) {
    const found = before === undefined ? "is not there" : `is at revision ${revision}, not ${expected}`;
    throw new OperationError("revision_mismatch", `${noun} ${String(key)} ${found}: look at it again`);
  }
  if (before === undefined) return { operation: "create", before, after: await records.insert(wanted) };
  const after = { ...wanted, revision } as Item;
  if (contentHash(after) === contentHash(before)) return { operation: "none", before, after: before };
  return { operation: "update", before, after: await records.update(wanted, expected) };
}
