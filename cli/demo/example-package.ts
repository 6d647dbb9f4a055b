import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { packPlugin } from "../../core/packages/pack.ts";

/** There are sources of plugins in the folder to edit, as in a checkout; an installed Sluice has zips. */
export async function isUnpacked(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.some((entry) => entry.isDirectory());
}

/** The zip of an example plugin: packed from its folder in a checkout, or as it comes with an installed Sluice. */
export async function examplePackage(folder: string, plugin: string): Promise<Buffer> {
  const names = await readdir(folder);
  const packed = names.find((name) => name.startsWith(plugin) && name.endsWith(".zip"));
  if (names.includes(plugin) || packed === undefined) return (await packPlugin(join(folder, plugin))).zip;
  return readFile(join(folder, packed));
}
