const GAP = "   ";

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

/**
 * A text that others wrote (nodes' errors, notes, names) on one line, without what a terminal would obey: control
 * characters, and marks that turn the direction of writing.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, " ");
}
