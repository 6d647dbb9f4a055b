import { resolve } from "node:path";

import { Option, type Command } from "commander";

import type { CommandLine } from "./command-line.ts";
import { ENVIRONMENT } from "./environment.ts";

/** What every command that asks the control plane takes, before its name and after it. */
export interface ConnectionFlags {
  readonly context?: string;
  readonly server?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Files of certificates that a call names, absolute: instead of those of a context, or beside `--server`. */
type NamedCertificates = Pick<ConnectionFlags, (typeof CERTIFICATES)[number]>;

const CERTIFICATES = ["ca", "cert", "key"] as const;

const FLAGS = {
  context: [
    "--context <name>",
    "which control plane, as whom; default: the current one of `sluice context list`",
  ],
  server: ["--server <url>", "the control plane's address, with SLUICE_TOKEN; instead of a context"],
  ca: ["--ca <file>", "PEM of who signed the server's certificate; instead of the context's"],
  cert: ["--cert <file>", "PEM of your own certificate, where the control plane asks for one"],
  key: ["--key <file>", "PEM of the key of that certificate"],
} as const satisfies Record<keyof ConnectionFlags, readonly [string, string]>;

const NAMES = Object.keys(FLAGS) as readonly (keyof ConnectionFlags)[];

/** The flags of all commands, as they are written. */
export const CONNECTION_FLAGS: readonly string[] = NAMES.map((name) => `--${name}`);

/** The same with their values and meanings, for help and docs. */
export function connectionOptions(): readonly Option[] {
  return NAMES.map((name) => {
    const [flag, meaning] = FLAGS[name];
    return new Option(flag, meaning);
  });
}

/** Takes them after the names of `command` and of all below it too, where they stand in the way of no flag of its own. */
export function takeAfterName(command: Command): void {
  command.commands.forEach(takeAfterName);
  if (command.commands.length > 0) return;
  for (const option of connectionOptions())
    if (!command.options.some(({ long }) => long === option.long)) command.addOption(option.hideHelp());
}

/** Those that were given, as words to write them again. */
export function givenFlags(command: Command): readonly string[] {
  const given: ConnectionFlags = command.optsWithGlobals();
  return NAMES.flatMap((name) => {
    const value = given[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
}

/** By flag, else by environment, where an empty one is none. */
export function namedCertificates(
  { directory, environment }: Pick<CommandLine, "directory" | "environment">,
  flags: ConnectionFlags,
): NamedCertificates {
  const named = CERTIFICATES.map((name) => [name, flags[name] ?? environment[ENVIRONMENT[name]]] as const);
  return Object.fromEntries(
    named.flatMap(([name, file]) =>
      file === undefined || file === "" ? [] : [[name, resolve(directory, file)]],
    ),
  );
}
