import { lstatSync, type Stats } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

import { MeshError, messageOf } from "../core/errors.ts";
import { makeFolder } from "../core/make-folder.ts";

const WRITABLE_BY_OTHERS = 0o022;

/**
 * The folder in which packages are unpacked, made if it is not there: the configured one, or one of this user in the
 * temporary folder. What lies there is run, so nobody else may be able to put something there: a folder of another
 * user, or one that others may write to, is refused.
 */
export function stateFolder(configured: string): string {
  const { uid } = userInfo();
  const path = configured === "" ? join(tmpdir(), `sluice-${uid}`) : configured;
  const found = madeFolder(path);
  const owned = uid < 0 || found.uid === uid;
  if (found.isDirectory() && owned && (found.mode & WRITABLE_BY_OTHERS) === 0) return path;
  const advice = "use --state-folder, or remove it";
  const message = `${path} must be a folder of this user's that nobody else may write to: ${advice}`;
  throw new MeshError(message, { code: "state_folder_unsafe", source: "input" });
}

function madeFolder(path: string): Stats {
  try {
    makeFolder(path);
    return lstatSync(path);
  } catch (cause) {
    const message = `${path} cannot be made: ${messageOf(cause)}; use --state-folder`;
    throw new MeshError(message, { code: "state_folder_unusable", source: "input", cause });
  }
}
