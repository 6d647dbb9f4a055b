import { createReadStream } from "node:fs";
import { join } from "node:path";

import { messageOf } from "../../core/errors.ts";
import type { Artifacts } from "./artifacts.ts";
import { VerifiedFiles } from "./verified-files.ts";

/** What became of the packages that a store knows. */
export interface RestoredPackages {
  /** Brought from the backup. */
  readonly restored: number;
  /** Why each of the others could not be: it is not in the backup, or it is damaged. */
  readonly problems: readonly string[];
}

/** Brings packages from a backup's folder (DIGEST.zip) among the artifacts; those that are there whole stay. */
export async function restorePackages(
  folder: string,
  artifacts: Artifacts,
  digests: readonly string[],
): Promise<RestoredPackages> {
  const files = new VerifiedFiles();
  const problems: string[] = [];
  let restored = 0;
  for (const digest of digests) {
    if (await isThere(artifacts, digest)) continue;
    const path = join(folder, `${digest}.zip`);
    const problem = await problemOf(files, digest, path);
    if (problem !== undefined) {
      problems.push(problem);
      continue;
    }
    using _arrived = await artifacts.put(createReadStream(path), Number.POSITIVE_INFINITY);
    restored++;
  }
  return { restored, problems };
}

async function isThere(artifacts: Artifacts, digest: string): Promise<boolean> {
  if ((await artifacts.size(digest)) === undefined) return false;
  return artifacts.read(digest).then(
    (bytes) => {
      bytes.destroy();
      return true;
    },
    () => false,
  );
}

async function problemOf(files: VerifiedFiles, digest: string, path: string): Promise<string | undefined> {
  try {
    return (await files.check(digest, path)) ? undefined : `${path} is damaged: its bytes are others`;
  } catch (error) {
    const gone = (error as NodeJS.ErrnoException).code === "ENOENT";
    return gone ? `${path} is not there` : `${path} cannot be read: ${messageOf(error)}`;
  }
}
