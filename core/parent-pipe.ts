/**
 * No setting, as the underscore says. Set by a parent whose end its child follows: the child's standard input is then a
 * pipe that ends with the parent.
 */
export const PARENT_PIPE = "_SLUICE_PARENT_PIPE";

/** Calls `end` when the parent is gone, however it went; does nothing for a program that somebody started by hand. */
export function followParent(
  environment: Readonly<Record<string, string | undefined>>,
  input: NodeJS.ReadStream,
  end: () => void,
): void {
  if (environment[PARENT_PIPE] === undefined) return;
  input.once("end", end).resume();
  // Waiting for it keeps nobody alive.
  input.unref();
}
