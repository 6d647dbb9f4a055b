import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** A hash of everything in a folder: names, modes and bytes, whatever order the disk gives them in. */
export async function contentOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  const hash = createHash("sha256");
  for (const path of paths) {
    // Not followed: where a link stands, something else was put there.
    const { mode, size } = await lstat(path);
    hash.update(`${JSON.stringify(relative(folder, path))} ${mode.toString(8)} ${size}\n`);
    if ((mode & 0o170000) === 0o100000) hash.update(await readFile(path));
  }
  return hash.digest("hex");
}

/** Bytes of the files in a folder. */
export async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await lstat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
