import { contentHash } from "../../core/content-hash.ts";
import type { MeshSnapshot } from "./snapshot.ts";

/** What differs between the snapshot that the sidecar started with and a later one but takes effect at start only. */
export function restartNotices(started: MeshSnapshot, now: MeshSnapshot): readonly string[] {
  const parts = { sidecar: "settings", node: "node", "plugins.folder": "pluginFolders" } as const;
  return Object.entries(parts).flatMap(([key, part]) =>
    contentHash(started[part]) === contentHash(now[part])
      ? []
      : [`${key} has changed: it takes effect when the sidecar is started anew`],
  );
}
