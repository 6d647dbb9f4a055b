/** Lets the event loop turn once: what lies ready at sockets of this process is read and passed on. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Lets the event loop turn until something holds. */
export async function turnUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** More turns than any piece takes on its way between the sockets of a test, all of which are this process's own. */
const QUIET = 200;

/** Waits until a number has not moved for so many turns that nothing can be under way any more. */
export async function settled(read: () => number): Promise<number> {
  let before = read();
  for (let quiet = 0; quiet < QUIET; quiet++) {
    await turn();
    if (read() === before) continue;
    before = read();
    quiet = 0;
  }
  return before;
}
