import { systemClock } from "../core/clock.ts";
import { MeshError } from "../core/errors.ts";
import { restoreStore } from "./store/restore-store.ts";

// `node control-plane/restore-main.ts FILE FOLDER`

try {
  const [file = "", folder = ""] = process.argv.slice(2);
  const tick = await restoreStore(file, folder, systemClock);
  process.stdout.write(`${folder} is as of tick ${tick}; start the control plane with --folder ${folder}\n`);
} catch (error) {
  if (!(error instanceof MeshError)) throw error;
  process.stderr.write(`sluice control-plane restore: ${error.message}\n`);
  process.exitCode = 1;
}
