import { stringify } from "yaml";

import { OBEYED } from "./obeyed.ts";
import { printable, table } from "./table.ts";

export const FORMATS = ["table", "wide", "json", "yaml", "name"] as const;
export type Format = (typeof FORMATS)[number];

/** How a kind of thing is shown to people. */
export interface View<Item> {
  /** `KIND/NAME`'s name. */
  readonly name: (item: Item) => string;
  readonly kind: string;
  /** The `kind:` of the documents that `sluice apply` takes of them; undefined: it takes none. */
  readonly document?: string;
  readonly columns: readonly Column<Item>[];
}

export interface Column<Item> {
  readonly heading: string;
  /** `now`: wall clock, ms. Empty text becomes `-`. */
  readonly value: (item: Item, now: number) => string;
  /** Shown by `-o wide` only. */
  readonly wide?: true;
}

/**
 * Items in a format; `table` and `wide` for people, `json` and `yaml` as the API has them, `name` for scripts. Where
 * there are such, `yaml` is documents that `sluice apply` takes as they are.
 */
export function format<Item>(view: View<Item>, items: readonly Item[], as: Format, now: number): string {
  if (as === "yaml" && view.document !== undefined)
    return items.map((item) => documentOf(view.document ?? "", item)).join("---\n");
  if (as === "json" || as === "yaml") return serialised(items, as);
  if (as === "name") return items.map((item) => `${view.kind}/${printable(view.name(item))}\n`).join("");
  const columns = view.columns.filter(({ wide }) => as === "wide" || wide === undefined);
  return table(
    columns.map(({ heading }) => heading),
    items.map((item) => columns.map(({ value }) => value(item, now) || "-")),
  );
}

/** Without `revision`: a file is applied again after others have changed what it names. */
function documentOf(kind: string, item: unknown): string {
  const { revision: _, ...members } = item as Readonly<Record<string, unknown>>;
  return serialised({ apiVersion: "sluice/v1", kind, ...members }, "yaml");
}

/** A value as the API has it; what a terminal would obey is written as JSON and YAML write it in quotes: `\u009b`. */
export function serialised(value: unknown, as: "json" | "yaml"): string {
  const json = `${JSON.stringify(value, undefined, 2)}\n`.replaceAll(UNSEEN, escaped);
  if (as === "json") return json;
  const yaml = stringify(value);
  // JSON is YAML too, and quotes everything.
  return yaml.search(UNSEEN) < 0 ? yaml : json;
}

/** But what makes the layout; within texts JSON and YAML have escaped those. */
const UNSEEN = new RegExp(`[[${OBEYED}]--[\\n\\t]]`, "gv");

function escaped(character: string): string {
  // JSON knows no more than 16 bits: what is beyond them is written as two.
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }).join("");
}
