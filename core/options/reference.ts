import { environmentNameOf, flagOf, type OptionTable } from "./option.ts";

/** The table as Markdown rows, for the reference page that a script writes and a test compares. */
export function referenceTable(table: OptionTable, fileKey: string, environmentPrefix?: string): string {
  const rows = Object.entries(table).map(([name, option]) => {
    const shown = option.show(option.default);
    return row([
      code(flagOf(name)),
      code(environmentNameOf(name, environmentPrefix)),
      option.inFile ? code(`${fileKey}.${name}`) : "",
      option.type,
      shown === "" ? "" : code(shown),
      option.range,
      option.meaning,
    ]);
  });
  const head = ["flag", "environment", "file key", "type", "default", "range", "meaning"];
  return [row(head), row(head.map(() => "---")), ...rows].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
