import { ChildProgram, endedEarly } from "./child-process.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs a part of Sluice that reads its flags itself; gives its exit code. Signals are handed on. Throws
 * a `MeshError` `child_killed` where a signal ended it. `nodeFlags` are for
 * Node.
 */
export async function runProgram(
  name: string,
  script: string,
  flags: readonly string[],
  nodeFlags: readonly string[] = [],
): Promise<number> {
  await using program = new ChildProgram({ name, script, args: flags, nodeFlags });
  // The child drains and decides how it ended; a second signal reaches it too.
  const forward = (signal: NodeJS.Signals): void => void program.end(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  try {
    const end = await program.ended;
    if (end.kind === "signal") throw endedEarly(name, end);
    return end.code;
  } finally {
    for (const signal of SIGNALS) process.off(signal, forward);
  }
}
