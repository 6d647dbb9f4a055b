import { join } from "node:path";

import type { Clock } from "../core/clock.ts";
import { FileArtifacts } from "./artifacts/file-artifacts.ts";
import { restorePackages } from "./artifacts/restore-packages.ts";
import { OperationError } from "./model/operation-error.ts";
import { restoreStore } from "./store/restore-store.ts";

/** What was restored, and what of it is missing. */
export interface Restored {
  readonly tick: number;
  /** That were brought from the backup. */
  readonly packages: number;
  /** Packages that the store knows and that are nowhere, each in a sentence. */
  readonly missing: readonly string[];
}

/** How many missing packages a message names. */
const NAMED = 5;

/**
 * Makes a control plane's folder from a backup FILE and its FILE.packages. `invalid_input` where packages are missing
 * or damaged, unless `incomplete`: then nodes get them when somebody uploads them again. Nothing is there then that
 * was not before, but packages that are whole.
 */
export async function restore(
  file: string,
  folder: string,
  { clock, incomplete }: { readonly clock: Clock; readonly incomplete: boolean },
): Promise<Restored> {
  let packages = 0;
  let missing: readonly string[] = [];
  const tick = await restoreStore(file, folder, clock, async (digests) => {
    const artifacts = await FileArtifacts.open(join(folder, "artifacts"), Number.POSITIVE_INFINITY);
    const { restored, problems } = await restorePackages(`${file}.packages`, artifacts, digests);
    packages = restored;
    missing = problems;
    if (problems.length > 0 && !incomplete) throw incompleteBackup(problems);
  });
  return { tick, packages, missing };
}

function incompleteBackup(problems: readonly string[]): OperationError {
  const named = problems.slice(0, NAMED).map((each) => `  ${each}`);
  const more = problems.length > NAMED ? [`  and ${problems.length - NAMED} more`] : [];
  const first = `packages are missing, without which nodes cannot load their plugins; bring them, or restore with --incomplete and upload them again:`;
  return new OperationError("invalid_input", [first, ...named, ...more].join("\n"));
}
