import { contentHash } from "../../core/content-hash.ts";
import type { SnapshotHashes } from "./apply-result.ts";
import type { EntryResolution, Resolution } from "./resolve-entry.ts";
import type { MeshSnapshot } from "./snapshot.ts";

/** The hashes under which a snapshot is known; may be shown, since it holds no secrets. */
export function hashesOf(snapshot: MeshSnapshot): SnapshotHashes {
  const { chain, deadlines, services, unknownServices } = snapshot;
  return {
    stage: contentHash(chain.map(({ plugin, version, gray }) => ({ plugin, version, gray: gray?.version }))),
    route: contentHash({ services, unknownServices }),
    chain: contentHash({ chain, deadlines }),
  };
}

/**
 * Tells whether a snapshot together with the packages and secrets of this moment is what is in force. Never shown:
 * a short secret could be guessed from it.
 */
export function fingerprintOf(snapshot: MeshSnapshot, resolutions: readonly EntryResolution[]): string {
  const { chain, deadlines, services } = snapshot;
  return contentHash({
    deadlines,
    services,
    entries: chain.map((entry, index) => {
      const { base, gray } = resolutions[index] ?? {};
      return { entry, base: resolvedPart(base), gray: resolvedPart(gray) };
    }),
  });
}

function resolvedPart(resolution: Resolution | undefined): unknown {
  if (resolution?.kind !== "ready") return resolution;
  const { package: found, ...terms } = resolution.spec;
  return { ...resolution, spec: { ...terms, digest: found.digest } };
}
