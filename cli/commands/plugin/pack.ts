import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";

import { Command } from "commander";

import { packPlugin } from "../../../core/packages/pack.ts";
import type { CommandLine } from "../../command-line.ts";

/** `sluice plugin pack FOLDER`: the zip that would be uploaded. */
export function packCommand(line: CommandLine): Command {
  return new Command("pack")
    .description(
      "Validates a plugin's folder and packs it into NAME-VERSION.zip; the same files give the same bytes.",
    )
    .argument("<folder>")
    .option("-o, --output <file>", "where the zip goes")
    .action(async (folder: string, { output }: { readonly output?: string }) => {
      const { manifest, zip, digest } = await packPlugin(resolve(line.directory, folder));
      const file = resolve(line.directory, output ?? `${manifest.name}-${manifest.version}.zip`);
      await writeFile(file, zip);
      line.output.write(`${file} sha256:${digest}\n`);
    });
}
