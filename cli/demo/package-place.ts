import { existsSync } from "node:fs";
import { basename, join } from "node:path";

import { MANIFEST_FILE } from "../../core/packages/manifest-schema.ts";
import { readManifest } from "../../core/packages/read-package.ts";
import { readZipManifest } from "../../core/packages/zip-manifest.ts";

/** Whether a zip, or a folder with a manifest, is at `path`. */
export function holdsPackage(path: string): boolean {
  return path.endsWith(".zip") || existsSync(join(path, MANIFEST_FILE));
}

/** Where its manifest cannot be read, what it is called. */
export async function pluginAt(path: string): Promise<string> {
  const manifest = path.endsWith(".zip") ? readZipManifest(path, path) : readManifest(path, path);
  return manifest.then(
    ({ name }) => name,
    () => basename(path, ".zip"),
  );
}
