import type { KeyValueEntry } from "./protocol/messages.ts";
import { field } from "./world/fields.ts";

const SET = field("S");
const DELETED = field("X");

/** Entries of a plugin's store as `world/store.ts` takes them over. */
export function storeText(set: readonly KeyValueEntry[], deleted: readonly string[]): string {
  let text = "";
  for (const key of deleted) text += DELETED + field(key);
  for (const { key, value, expiresAt } of set)
    text += SET + field(key) + field(value) + field(`${expiresAt}`);
  return text;
}
