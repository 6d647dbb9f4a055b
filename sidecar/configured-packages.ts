import { join } from "node:path";

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MeshSnapshot } from "./config/snapshot.ts";
import { PackageCache } from "../core/packages/package-cache.ts";
import { PackageFolder } from "./plugins/packages/package-folder.ts";
import type { SidecarSettings } from "./settings.ts";
import { stateFolder } from "./state-folder.ts";

/** The folders of packages that the first snapshot names, and the place where the settings let them be unpacked. */
export function configuredPackages(
  snapshot: MeshSnapshot | undefined,
  settings: SidecarSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): PackageFolder {
  const cache = new PackageCache(join(stateFolder(settings.stateFolder), "packages"));
  return new PackageFolder({ directories: snapshot?.pluginFolders ?? [], cache, clock, log });
}
