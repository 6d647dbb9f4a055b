/**
 * What is armed for the next look at the deadlines of streams, ms (`Deadlines.periodOf` has what comes of it): one timer
 * for a connection in place of one for each stream.
 */
export const LOOK_AFTER = 100;

/** ms for which something that is waited for has not come, as far as that is certain; undefined: nobody waits. */
export type Quiet = number | undefined;

/**
 * `quiet` at the next look, `period` ms later. The first look at something finds that it is waited for, not since when:
 * it only begins to count. So a deadline never comes early, and at most two looks late.
 */
export function quietAfter(quiet: Quiet, period: number, waits: boolean, moved: boolean): Quiet {
  if (!waits) return undefined;
  return moved || quiet === undefined ? 0 : quiet + period;
}
