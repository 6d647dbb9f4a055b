import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { packPlugin } from "../../core/packages/pack.ts";

/** The zip of an example plugin: packed from its folder in a checkout, or as it comes with an installed Sluice. */
export async function examplePackage(folder: string, plugin: string): Promise<Buffer> {
  const names = await readdir(folder);
  const packed = names.find((name) => name.startsWith(plugin) && name.endsWith(".zip"));
  if (names.includes(plugin) || packed === undefined) return (await packPlugin(join(folder, plugin))).zip;
  return readFile(join(folder, packed));
}
