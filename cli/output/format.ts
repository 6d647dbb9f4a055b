import { stringify } from "yaml";

import { table } from "./table.ts";

export const FORMATS = ["table", "wide", "json", "yaml", "name"] as const;
export type Format = (typeof FORMATS)[number];

/** How a kind of thing is shown to people. */
export interface View<Item> {
  /** `KIND/NAME`'s name. */
  readonly name: (item: Item) => string;
  readonly kind: string;
  readonly columns: readonly Column<Item>[];
}

export interface Column<Item> {
  readonly heading: string;
  /** `now`: wall clock, ms. Empty text becomes `-`. */
  readonly value: (item: Item, now: number) => string;
  /** Shown by `-o wide` only. */
  readonly wide?: true;
}

/** Items in a format; `table` and `wide` for people, `json` and `yaml` as the API has them, `name` for scripts. */
export function format<Item>(view: View<Item>, items: readonly Item[], as: Format, now: number): string {
  if (as === "json" || as === "yaml") return serialised(items, as);
  if (as === "name") return items.map((item) => `${view.kind}/${view.name(item)}\n`).join("");
  const columns = view.columns.filter(({ wide }) => as === "wide" || wide === undefined);
  return table(
    columns.map(({ heading }) => heading),
    items.map((item) => columns.map(({ value }) => value(item, now) || "-")),
  );
}

/** A value as the API has it. */
export function serialised(value: unknown, as: "json" | "yaml"): string {
  return as === "json" ? `${JSON.stringify(value, undefined, 2)}\n` : stringify(value);
}
