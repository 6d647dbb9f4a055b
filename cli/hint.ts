import type { Command } from "commander";

import { givenFlags } from "./connection-flags.ts";

/** Needs no quotes in any shell. */
const PLAIN = /^[\w.:/@%+,=-]+$/;

/** `sluice --context ops release activate 7`: a line to paste that talks to the same control plane as `command` did. */
export function hintedLine(command: Command, words: readonly string[]): string {
  return ["sluice", ...givenFlags(command), ...words].map(quoted).join(" ");
}

/** A word as a line to paste into a shell has it. */
export function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
