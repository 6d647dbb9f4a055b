import { Command } from "commander";
import { z } from "zod";

import { readDocument } from "../core/document.ts";
import { InputError, messageOf } from "../core/errors.ts";
import { addFlags, flagsGiven } from "../core/options/flags.ts";
import { resolveOptions, type OptionFile, type Resolved } from "../core/options/resolve.ts";
import { readTextFile } from "../core/text-file.ts";
import { CONTROL_PLANE_PREFIX, CONTROL_PLANE_SETTINGS } from "./settings.ts";

const MAX_FILE_BYTES = 1024 * 1024;
const FILE = z.strictObject({ controlPlane: z.unknown() });

type ResolvedSettings = Resolved<typeof CONTROL_PLANE_SETTINGS>;

/**
 * The settings of `node control-plane/main.ts …`: flags, then `SLUICE_CP_*`, then the file that `--config` names. Help
 * and flags that do not exist end in commander's way; everything else wrong is an `InputError`.
 */
export async function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ResolvedSettings> {
  const command = addFlags(
    new Command("sluice control-plane").description("Runs the control plane.").allowExcessArguments(false),
    CONTROL_PLANE_SETTINGS,
  );
  command.parse(args, { from: "user" });
  const flags = flagsGiven(command, CONTROL_PLANE_SETTINGS);
  const path = flags["config"] ?? environment[`${CONTROL_PLANE_PREFIX}CONFIG`];
  const file = typeof path === "string" && path !== "" ? await settingsFile(path) : undefined;
  const sources = { flags, environment, environmentPrefix: CONTROL_PLANE_PREFIX, file };
  return checkTogether(resolveOptions(CONTROL_PLANE_SETTINGS, sources));
}

async function settingsFile(path: string): Promise<OptionFile> {
  let content: string;
  try {
    content = await readTextFile(path, MAX_FILE_BYTES);
  } catch (error) {
    throw new InputError([{ where: path, message: `cannot be read: ${messageOf(error)}` }]);
  }
  return { where: path, key: "controlPlane", section: readDocument(path, content, FILE).controlPlane };
}

/** Settings that need each other. */
function checkTogether(resolved: ResolvedSettings): ResolvedSettings {
  const { tlsCertificate, tlsKey, tlsClientAuthority } = resolved.values;
  if ((tlsCertificate === "") !== (tlsKey === "")) {
    throw new InputError([{ where: "--tls-certificate", message: "needs --tls-key, and that needs it" }]);
  }
  if (tlsClientAuthority !== "" && tlsCertificate === "") {
    throw new InputError([
      { where: "--tls-client-authority", message: "needs --tls-certificate and --tls-key" },
    ]);
  }
  return resolved;
}
