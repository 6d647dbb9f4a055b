/** A median with the interval that holds the true median in at least 95 % of samplings. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Distribution-free interval of the median by order statistics (binomial, p = ½): rounds on a shared machine are
 * anything but normal. Below six rounds no interval reaches 95 %, and the extremes are given.
 */
export function estimate(samples: readonly number[]): Estimate {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = intervalRank(sorted.length);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  return { median, low: at(rank), high: at(sorted.length - 1 - rank) };
}

/** How many samples may be cut off at each end so that the rest still covers the median with 95 %. */
function intervalRank(count: number): number {
  let outside = 0;
  let term = 0.5 ** count;
  for (let rank = 0; rank < count / 2; rank++) {
    outside += 2 * term;
    if (outside > 0.05) return Math.max(0, rank - 1);
    term = (term * (count - rank)) / (rank + 1);
  }
  return 0;
}
