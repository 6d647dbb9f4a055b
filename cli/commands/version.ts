import { Command } from "commander";

import manifest from "../../package.json" with { type: "json" };

/** `sluice version`: what runs here. */
export function versionCommand(): Command {
  return new Command("version").action(() => {
    process.stdout.write(`sluice ${manifest.version} (node ${process.versions.node})\n`);
  });
}
