import type { Writable } from "node:stream";

import type { Clock } from "../core/clock.ts";
import type { ExitName } from "./exit-codes.ts";

/** The surroundings of one call of the command: what commands read and write instead of the process itself. */
export interface CommandLine {
  readonly output: Writable;
  readonly errors: Writable;
  /** Standard output is a person's terminal: it may be drawn over and coloured. */
  readonly isTerminal: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder that it was called in. */
  readonly directory: string;
  readonly clock: Clock;
  /** From this call on Ctrl-C does not end the process but aborts the signal: for what watches or waits, and says how far it came. */
  readonly stop: () => AbortSignal;
  /**
   * Makes this process another run of Node with these arguments, and these variables beside ours: its number, streams
   * and signals are that one's from then on. Throws where it cannot. Absent where the platform has no such thing, or
   * others live in the process.
   */
  readonly become?:
    | ((args: readonly string[], environment: Readonly<Record<string, string>>) => never)
    | undefined;
  /** How the call ended, or the exit code of a program that it ran; the last word counts. Default `done`. */
  ended(as: ExitName | number): void;
}
