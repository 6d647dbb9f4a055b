/**
 * What becomes of lines, in order: `-` goes, `+` comes, two blanks stay. Lines that moved go and come. For documents of
 * some hundred lines: time and memory grow with the product of both lengths.
 */
export function lineDifference(before: readonly string[], after: readonly string[]): string {
  const common = commonLengths(before, after);
  const lines: string[] = [];
  let [old, fresh] = [0, 0];
  while (old < before.length || fresh < after.length) {
    if (old < before.length && before[old] === after[fresh]) {
      lines.push(`  ${before[old]}\n`);
      old++;
      fresh++;
    } else if (old < before.length && lengthAt(common, old + 1, fresh) >= lengthAt(common, old, fresh + 1)) {
      lines.push(`- ${before[old++]}\n`);
    } else {
      lines.push(`+ ${after[fresh++]}\n`);
    }
  }
  return lines.join("");
}

/** How many lines the rests from each pair of places have in common, in order. */
function commonLengths(before: readonly string[], after: readonly string[]): readonly Uint32Array[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let old = before.length - 1; old >= 0; old--)
    for (let fresh = after.length - 1; fresh >= 0; fresh--)
      lengths[old]![fresh] =
        before[old] === after[fresh]
          ? lengthAt(lengths, old + 1, fresh + 1) + 1
          : Math.max(lengthAt(lengths, old + 1, fresh), lengthAt(lengths, old, fresh + 1));
  return lengths;
}

/** Beyond the end of the new lines nothing is in common: the old ones go first. */
function lengthAt(lengths: readonly Uint32Array[], old: number, fresh: number): number {
  return lengths[old]?.[fresh] ?? -1;
}
