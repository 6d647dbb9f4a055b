import { mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";

import { Command } from "commander";

import { dnsLabel } from "../../../core/chain-document/names.ts";
import type { CommandLine } from "../../command-line.ts";
import { usageError } from "../../usage-error.ts";
import { firstFiles } from "./first-files.ts";

/** `sluice plugin new FOLDER`: a plugin that does something, with its test. */
export function newCommand(line: CommandLine): Command {
  return new Command("new")
    .description(
      "Writes the beginning of a plugin: manifest, config schema, TypeScript and a test. The folder's name is the plugin's.",
    )
    .argument("<folder>", "is made; must be empty where it is there")
    .action(async (folder: string) => {
      const path = resolve(line.directory, folder);
      const name = basename(path);
      if (!dnsLabel.safeParse(name).success)
        throw usageError(
          `${name}: a plugin's name has lower-case letters, digits and \`-\`, such as my-plugin`,
        );
      await assertEmpty(path);
      for (const [file, text] of Object.entries(firstFiles(name))) {
        await mkdir(dirname(join(path, file)), { recursive: true });
        await writeFile(join(path, file), text);
      }
      const shown = relative(line.directory, path);
      line.output.write(`${shown}/ is a plugin; its test: npx node --test ${shown}/src/plugin.test.ts\n`);
    });
}

async function assertEmpty(path: string): Promise<void> {
  const found = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw usageError(error.code === "ENOTDIR" ? `${path} is a file: name a folder` : error.message);
  });
  if (found.length > 0)
    throw usageError(`${path} has files already: name a folder that is empty or not there`);
}
