import { OBEYED } from "./obeyed.ts";

const GAP = "   ";
const OBEYED_RUN = new RegExp(`[${OBEYED}]+`, "gv");

/**
 * Rows under their headings, columns as wide as their longest cell; the last one is not padded. Nothing but the
 * headings where there are no rows.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [headings, ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd();
  return `${cells.map(line).join("\n")}\n`;
}

/** A text that others wrote (nodes' errors, notes, names) on one line, without what a terminal would obey or hide. */
export function printable(text: string): string {
  return text.replaceAll(OBEYED_RUN, " ");
}
