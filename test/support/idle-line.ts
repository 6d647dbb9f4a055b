import { PassThrough } from "node:stream";

import type { CommandLine } from "../../cli/command-line.ts";
import { ManualClock } from "../../core/manual-clock.ts";

/** Surroundings of commands that are looked at and not called. */
export function idleLine(): CommandLine {
  return {
    output: new PassThrough(),
    errors: new PassThrough(),
    isTerminal: false,
    environment: {},
    directory: "/",
    clock: new ManualClock(),
    stop: () => new AbortController().signal,
    ended: () => undefined,
  };
}
