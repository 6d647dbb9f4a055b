/** One change of one header: a list of values overwrites it, an empty list deletes it. */
export interface HeaderEdit {
  /** In the case in which it should appear if the header is new. */
  readonly name: string;
  /** latin1: each char is one byte. */
  readonly values: readonly string[];
}

/**
 * Changes in the order in which they were made, at most one for each name: a later edit of the same name replaces
 * the earlier one, which is why `mergeEdits` must be used to add some.
 */
export type HeaderEdits = readonly HeaderEdit[];

export const NO_EDITS: HeaderEdits = [];

/** `later` on top of `earlier`. */
export function mergeEdits(earlier: HeaderEdits, later: HeaderEdits): HeaderEdits {
  if (later.length === 0) return earlier;
  // The first plugin of nearly every exchange comes this way.
  if (earlier.length === 0) return later;
  const merged = [...earlier];
  for (const edit of later) {
    const before = indexOfName(merged, edit.name);
    if (before < 0) merged.push(edit);
    else merged[before] = edit;
  }
  return merged;
}

/**
 * Merges what one plugin says onto what those before it said. Both are mostly the same objects again, and then so is
 * the result: whoever makes something of it may keep that.
 */
export class EditsMerge {
  #earlier = NO_EDITS;
  #later = NO_EDITS;
  #merged = NO_EDITS;

  of(earlier: HeaderEdits, later: HeaderEdits): HeaderEdits {
    if (earlier !== this.#earlier || later !== this.#later) {
      this.#merged = mergeEdits(earlier, later);
      this.#earlier = earlier;
      this.#later = later;
    }
    return this.#merged;
  }
}

/** Lists are short and names nearly always differ in length: looking is cheaper than lower-casing them all. */
function indexOfName(edits: HeaderEdits, name: string): number {
  let lowerName: string | undefined;
  for (let index = 0; index < edits.length; index++) {
    const edit = edits[index];
    if (edit?.name.length !== name.length) continue;
    if (edit.name === name) return index;
    lowerName ??= name.toLowerCase();
    if (edit.name.toLowerCase() === lowerName) return index;
  }
  return -1;
}
