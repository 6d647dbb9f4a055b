/** One change of one header: a list of values overwrites it, an empty list deletes it (DESIGN-data-plane §3). */
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
  const merged = new Map(earlier.map((edit) => [edit.name.toLowerCase(), edit]));
  for (const edit of later) merged.set(edit.name.toLowerCase(), edit);
  return [...merged.values()];
}
