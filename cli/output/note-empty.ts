import type { CommandLine } from "../command-line.ts";
import type { Format } from "./format.ts";
import { printable } from "./table.ts";

/** For whoever looks at a table of nothing and wonders whether the filter was meant so; nothing where a program reads. */
export function noteEmpty(
  { errors }: Pick<CommandLine, "errors">,
  kind: string,
  filters: Readonly<Record<string, string | undefined>>,
  format: Format,
): void {
  if (format !== "table" && format !== "wide") return;
  const given = Object.entries(filters).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${printable(value)}`],
  );
  errors.write(given.length === 0 ? `there are no ${kind}\n` : `no ${kind} with ${given.join(" and ")}\n`);
}
