import { parseArgs } from "node:util";

import { systemClock } from "../core/clock.ts";
import { MeshError } from "../core/errors.ts";
import { restore } from "./restore.ts";

// `node control-plane/restore-main.ts FILE FOLDER [--incomplete]`

try {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { incomplete: { type: "boolean", default: false } },
  });
  const [file = "", folder = ""] = positionals;
  const { incomplete } = values;
  const { tick, packages, missing } = await restore(file, folder, { clock: systemClock, incomplete });
  for (const each of missing) process.stderr.write(`missing: ${each}\n`);
  process.stdout.write(
    `${folder} is as of tick ${tick}, with ${packages} packages from the backup; start the control plane with --folder ${folder}\n`,
  );
} catch (error) {
  if (!(error instanceof MeshError)) throw error;
  process.stderr.write(`sluice control-plane restore: ${error.message}\n`);
  process.exitCode = 1;
}
