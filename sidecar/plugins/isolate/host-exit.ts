/** Why we ended a host ourselves; undefined in `HostExit.killed`: we did not. */
export const KILL_REASONS = ["hung", "memory", "garbage", "never_ready", "retired", "disposed"] as const;
export type KillReason = (typeof KILL_REASONS)[number];

/** How a host process ended. */
export interface HostExit {
  readonly pid: number;
  /** Set when it ended by itself. */
  readonly code: number | null;
  /** Set when a signal ended it. */
  readonly signal: NodeJS.Signals | null;
  readonly killed: KillReason | undefined;
  /** The number of the load that had the CPU at the end; 0: nobody. */
  readonly onCpu: number;
  /** The end of what it wrote to standard output and error. */
  readonly output: string;
}

/** Signals that a process brings upon itself: V8 aborts, traps and faults. */
const FAULTS: ReadonlySet<NodeJS.Signals> = new Set([
  "SIGSEGV",
  "SIGTRAP",
  "SIGABRT",
  "SIGBUS",
  "SIGILL",
  "SIGFPE",
]);

/** Ends that say nothing about plugins. */
const INNOCENT: ReadonlySet<KillReason> = new Set(["never_ready", "retired", "disposed"]);

/**
 * The load that is to blame for the end of its host, or 0 for nobody. A fault, our watchdog's kill and an exit in the
 * middle of an entry blame whoever had the CPU, never one that waits; a signal from outside blames nobody.
 */
export function blamed(exit: HostExit): number {
  if (exit.killed !== undefined) return INNOCENT.has(exit.killed) ? 0 : exit.onCpu;
  if (exit.signal !== null) return FAULTS.has(exit.signal) ? exit.onCpu : 0;
  return exit.onCpu;
}

/** `killed by us: hung`, `SIGSEGV`, `exit code 1`; for logs and failure details. */
export function describeExit({ killed, signal, code }: HostExit): string {
  if (killed !== undefined) return `killed by the watchdog: ${killed}`;
  return signal ?? `exit code ${code}`;
}
