import { Command } from "commander";
import { z } from "zod";

import { readDocument } from "../core/document.ts";
import { InputError, messageOf } from "../core/errors.ts";
import { addFlags, flagsGiven } from "../core/options/flags.ts";
import {
  resolveOptions,
  type OptionFile,
  type OptionSources,
  type Resolved,
} from "../core/options/resolve.ts";
import { readTextFile } from "../core/text-file.ts";
import { MAX_SNAPSHOT_BYTES } from "./config/snapshot-schema.ts";
import { SIDECAR_SETTINGS } from "./settings.ts";

/** The rest of the file is the configuration's, which says itself what is wrong with it. */
const SECTION = z.looseObject({ sidecar: z.unknown().optional() });

const SECTION_KEY = "sidecar";

export type ResolvedSettings = Resolved<typeof SIDECAR_SETTINGS>;

/**
 * The settings of `node sidecar/main.ts …`: flags, then `SLUICE_*`, then the `sidecar:` section of the file that
 * `--config` names. `args` are those behind the program's name. Help, and flags that do not exist, end in
 * commander's way: printed, and the process exits. Throws an `InputError` for everything else.
 */
export async function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ResolvedSettings> {
  const command = addFlags(
    new Command("sluice sidecar")
      .description("Runs a sidecar in front of an app.")
      .allowExcessArguments(false),
    SIDECAR_SETTINGS,
  );
  command.parse(args, { from: "user" });
  const sources = { flags: flagsGiven(command, SIDECAR_SETTINGS), environment };
  return resolveOptions(SIDECAR_SETTINGS, { ...sources, file: await settingsFile(sources) });
}

async function settingsFile({ flags, environment }: OptionSources): Promise<OptionFile | undefined> {
  const path = flags?.["config"] ?? environment?.["SLUICE_CONFIG"];
  if (typeof path !== "string" || path === "") return undefined;
  return {
    where: path,
    key: SECTION_KEY,
    section: readDocument(path, await readText(path), SECTION).sidecar,
  };
}

/**
 * Throws an `InputError` that names every problem of a `sidecar:` section, also of settings that a flag or the
 * environment decides.
 */
export function checkSection(where: string, section: unknown): void {
  resolveOptions(SIDECAR_SETTINGS, { file: { where, key: SECTION_KEY, section } });
}

async function readText(path: string): Promise<string> {
  try {
    return await readTextFile(path, MAX_SNAPSHOT_BYTES);
  } catch (error) {
    throw new InputError([{ where: path, message: `cannot be read: ${messageOf(error)}` }]);
  }
}
