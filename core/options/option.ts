/** What reading one value came to; `problem` ends the sentence "KEY: …". */
export type Read<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: string };

/** One setting. Its name in the table gives its flag, its environment name and its file key. */
export interface Option<Value> {
  /** For the reference: `duration`, `size`, … */
  readonly type: string;
  /** One sentence for help and reference: what it does, and when it has no effect. */
  readonly meaning: string;
  readonly default: Value;
  /** Sane range or list of choices, as the reference shows it; empty where the type says all. */
  readonly range: string;
  /** Takes what a flag, the environment (text) or a file (whatever YAML made of it) says. */
  readonly read: (input: unknown) => Read<Value>;
  /** The text that `read` takes back. */
  readonly show: (value: Value) => string;
  /** False for what says where the file is, and so cannot stand in it. */
  readonly inFile: boolean;
  /** A flag without a value, with a `--no-` form. */
  readonly isSwitch: boolean;
}

/** A table of settings by name, in the order of help and reference. */
// oxlint-disable-next-line typescript/no-explicit-any -- the values differ by key; `ValuesOf` keeps each one's type
export type OptionTable = Readonly<Record<string, Option<any>>>;

/** The values of a table, all there: what the rest of the program reads. */
export type ValuesOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never;
};

/** `headBytes` → `--head-bytes` */
export function flagOf(name: string): string {
  return `--${words(name).join("-")}`;
}

/** In front of the environment names of a program's settings, unless it has a prefix of its own. */
export const ENVIRONMENT_PREFIX = "SLUICE_";

/** `headBytes` → `SLUICE_HEAD_BYTES` */
export function environmentNameOf(name: string, prefix: string = ENVIRONMENT_PREFIX): string {
  return `${prefix}${words(name).join("_").toUpperCase()}`;
}

function words(name: string): string[] {
  return name
    .replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim()
    .split(" ");
}
