import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MeshSnapshot } from "./config/snapshot.ts";
import { PackageCache } from "./plugins/packages/package-cache.ts";
import { PackageFolder } from "./plugins/packages/package-folder.ts";
import type { SidecarSettings } from "./settings.ts";

/** The folders of packages that the first snapshot names, and the place where the settings let them be unpacked. */
export function configuredPackages(
  snapshot: MeshSnapshot | undefined,
  { stateFolder }: SidecarSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): PackageFolder {
  const root = stateFolder === "" ? join(tmpdir(), "sluice") : stateFolder;
  const cache = new PackageCache(join(root, "packages"));
  return new PackageFolder({ directories: snapshot?.pluginFolders ?? [], cache, clock, log });
}
