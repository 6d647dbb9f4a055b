import { InputError, type Problem } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { ENVIRONMENT_PREFIX, environmentNameOf, flagOf, type OptionTable, type ValuesOf } from "./option.ts";

/** Where settings may come from. The first that says something of a setting wins: flag, environment, file, default. */
export interface OptionSources {
  /** By the option's name; undefined where the flag was not given. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** `SLUICE_*`; the rest is not looked at. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** In front of environment names; default `SLUICE_`. */
  readonly environmentPrefix?: string;
  readonly file?: OptionFile | undefined;
}

/** The part of a file that holds settings. */
export interface OptionFile {
  /** The file's name, for messages. */
  readonly where: string;
  /** Path of `section` in the file: `sidecar`. */
  readonly key: string;
  /** As parsed; undefined or null where the file says nothing. */
  readonly section: unknown;
}

export const ORIGINS = ["flag", "environment", "file", "default"] as const;
export type Origin = (typeof ORIGINS)[number];

export interface Resolved<Table extends OptionTable> {
  readonly values: ValuesOf<Table>;
  /** Who decided each value; for the config dump. */
  readonly origins: { readonly [Name in keyof Table]: Origin };
  /** To be logged. An unknown `SLUICE_*` name only warns: a platform may put variables there for a service `sluice`. */
  readonly warnings: readonly string[];
}

interface Given {
  readonly origin: Exclude<Origin, "default">;
  readonly input: unknown;
  readonly where: string;
  readonly key?: string;
}

/** Reads every setting of `table`. Throws an `InputError` that names all problems, unknown keys among them. */
export function resolveOptions<Table extends OptionTable>(
  table: Table,
  sources: OptionSources,
): Resolved<Table> {
  const problems = unknownKeys(table, sources.file);
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [name, option] of Object.entries(table)) {
    const given = firstGiven(name, option.inFile, sources);
    values[name] = option.default;
    origins[name] = given?.origin ?? "default";
    if (given === undefined) continue;
    const read = option.read(given.input);
    if (read.ok) values[name] = read.value;
    else problems.push({ where: given.where, ...keyOf(given), message: read.problem });
  }
  if (problems.length > 0) throw new InputError(problems);
  return {
    values: values as ValuesOf<Table>,
    origins: origins as Resolved<Table>["origins"],
    warnings: unknownEnvironment(table, sources),
  };
}

function firstGiven(name: string, inFile: boolean, sources: OptionSources): Given | undefined {
  const flag = sources.flags?.[name];
  if (flag !== undefined) return { origin: "flag", input: flag, where: flagOf(name) };
  const variable = environmentNameOf(name, sources.environmentPrefix);
  const inherited = sources.environment?.[variable];
  // An empty variable is how shells and manifests say "not set".
  if (inherited !== undefined && inherited !== "") {
    return { origin: "environment", input: inherited, where: variable };
  }
  const { file } = sources;
  const input = inFile ? sectionOf(file)?.[name] : undefined;
  if (file === undefined || input === undefined || input === null) return undefined;
  return { origin: "file", input, where: file.where, key: `${file.key}.${name}` };
}

function unknownKeys(table: OptionTable, file: OptionFile | undefined): Problem[] {
  if (file === undefined || file.section === undefined || file.section === null) return [];
  const section = sectionOf(file);
  if (section === undefined) {
    return [{ where: file.where, key: file.key, message: "expected settings by name" }];
  }
  const known = Object.keys(table).filter((name) => table[name]?.inFile === true);
  return Object.keys(section)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      where: file.where,
      key: `${file.key}.${name}`,
      message: `unknown key${suggestion(name, known)}`,
    }));
}

function unknownEnvironment(
  table: OptionTable,
  { environment = {}, environmentPrefix = ENVIRONMENT_PREFIX }: OptionSources,
): string[] {
  const known = Object.keys(table).map((name) => environmentNameOf(name, environmentPrefix));
  return Object.keys(environment)
    .filter((name) => name.startsWith(environmentPrefix) && !known.includes(name))
    .map((name) => `${name} is not a setting and has no effect${suggestion(name, known)}`);
}

function sectionOf(file: OptionFile | undefined): Readonly<Record<string, unknown>> | undefined {
  const section = file?.section;
  if (typeof section !== "object" || section === null || Array.isArray(section)) return undefined;
  return section as Readonly<Record<string, unknown>>;
}

function keyOf(given: Given): { key?: string } {
  return given.key === undefined ? {} : { key: given.key };
}
