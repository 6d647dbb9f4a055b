/** So many characters say which name begins with them. */
const BEGINNING = 3;

/** The candidate that somebody who typed `word` most likely meant; undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  // A third of the word may be wrong, but never so much that any short word is near to any other.
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const [meant, written] = [candidate.toLowerCase(), word.toLowerCase()];
    // Whoever stops in the middle of a name has made one mistake.
    const isBeginning = written.length >= BEGINNING && meant.startsWith(written) && meant !== written;
    const distance = isBeginning ? 1 : editDistance(written, meant);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `, did you mean "timeout"?` or nothing: the end of a sentence about an unknown word. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const match = nearest(word, candidates);
  return match === undefined ? "" : `, did you mean "${match}"?`;
}

/** Levenshtein's distance by rows, where two letters that changed places count once. */
function editDistance(left: string, right: string): number {
  let before: number[] = [];
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      const swap = swapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min((row[j - 1] ?? 0) + same, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    [before, row] = [row, next];
  }
  return row[right.length] ?? 0;
}
