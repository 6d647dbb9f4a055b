import { contentHash } from "../../core/content-hash.ts";
import type { DocumentEntry } from "../../core/chain-document/chain-document.ts";
import type { Problem } from "../../core/errors.ts";
import type { AppliedSnapshot } from "./apply.ts";
import { partKey, type EntryPart } from "./apply-result.ts";
import type { MeshSnapshot } from "./snapshot.ts";

/**
 * What refuses a release beside what is wrong with its text: versions that could not be loaded (`shortfalls`, by
 * `partKey`). Not those that were configured just so and short before: they must not hold up everything else, and they
 * are tried again anyway. With nothing in force nothing is refused: a policy that answers is more than no chain.
 */
export function unreleasable(
  { chain, where }: MeshSnapshot,
  shortfalls: ReadonlyMap<string, string>,
  before: AppliedSnapshot | undefined,
): readonly Problem[] {
  if (before === undefined) return [];
  const short = new Set(
    before.loads.flatMap(({ plugin, part, detail }) => (detail === undefined ? [] : [partKey(plugin, part)])),
  );
  const sameAsBefore = (entry: DocumentEntry): boolean =>
    before.snapshot.chain.some((each) => contentHash(each) === contentHash(entry));
  return chain.flatMap((entry, index) => {
    if (entry.unavailable !== undefined) return [];
    return (["base", "gray"] satisfies EntryPart[]).flatMap((part) => {
      const key = partKey(entry.plugin, part);
      const detail = shortfalls.get(key);
      if (detail === undefined || (short.has(key) && sameAsBefore(entry))) return [];
      return [{ where, key: part === "gray" ? `chain[${index}].gray` : `chain[${index}]`, message: detail }];
    });
  });
}
