import { fileURLToPath } from "node:url";

import { ChildProgram, endedEarly, type ChildOptions } from "./child-process.ts";
import type { CommandLine } from "./command-line.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** A part of Sluice that reads its flags itself. */
type Program = Omit<ChildOptions, "onLine">;

/**
 * Goes on as a part of Sluice, so that nothing of the command stays in memory or between it and its signals. Where
 * that cannot be, runs it as a child and gives its exit code; throws a `MeshError` `child_killed` where a signal ended
 * it, or a `ChildStartError`.
 */
export async function runProgram({ become }: CommandLine, program: Program): Promise<number> {
  const { script, args, nodeFlags = [], environment = {} } = program;
  try {
    become?.([...nodeFlags, fileURLToPath(new URL(script, import.meta.url)), ...args], environment);
  } catch {
    // The system refused, and this process is as it was.
  }
  return runChild(program);
}

/** Signals are handed on. */
async function runChild(options: Program): Promise<number> {
  await using program = new ChildProgram(options);
  // The child drains and decides how it ended; a second signal reaches it too.
  const forward = (signal: NodeJS.Signals): void => void program.end(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  try {
    const end = await program.ended;
    if (end.kind !== "exit") throw endedEarly(options.name, end);
    return end.code;
  } finally {
    for (const signal of SIGNALS) process.off(signal, forward);
  }
}
