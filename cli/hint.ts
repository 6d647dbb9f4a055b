import type { Command } from "commander";

/** Needs no quotes in any shell. */
const PLAIN = /^[\w.:/@%+,=-]+$/;

/** `sluice --context ops release activate 7`: a line to paste that talks to the same control plane as `command` did. */
export function hintedLine(command: Command, words: readonly string[]): string {
  const { context, server }: { readonly context?: string; readonly server?: string } =
    command.optsWithGlobals();
  const flags = [
    ...(context === undefined ? [] : ["--context", context]),
    ...(server === undefined ? [] : ["--server", server]),
  ];
  return ["sluice", ...flags, ...words].map(quoted).join(" ");
}

function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
