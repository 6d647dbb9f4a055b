import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder for this user alone, and those above it that are missing; one that is there stays as it is. Throws the
 * system's error. Step by step: node's `recursive` never returns where the system says ENOENT below a folder that is
 * there, as it does in /proc.
 */
export function makeFolder(path: string): void {
  const error = tryToMake(path);
  if (error === undefined) return;
  const parent = dirname(path);
  if (!("code" in error) || error.code !== "ENOENT" || isFolder(parent)) throw error;
  makeFolder(parent);
  const second = tryToMake(path);
  if (second !== undefined) throw second;
}

/** Why it is not there; undefined: it is. */
function tryToMake(path: string): Error | undefined {
  try {
    mkdirSync(path, { mode: 0o700 });
    return undefined;
  } catch (thrown) {
    if (isFolder(path)) return undefined;
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
