import type { Artifacts } from "../artifacts/artifacts.ts";
import { allItems } from "../store/all-items.ts";
import type { Store } from "../store/store.ts";

/** Deletes the bytes that no version refers to; what an upload is just bringing stays. Returns the digests that went. */
export function collectArtifacts(store: Store, artifacts: Artifacts): Promise<readonly string[]> {
  return artifacts.collect(() => referencedDigests(store));
}

async function referencedDigests(store: Store): Promise<ReadonlySet<string>> {
  const versions = await store.read((view) => allItems((page) => view.versions.list({}, page)));
  return new Set(versions.map(({ digest }) => digest));
}
