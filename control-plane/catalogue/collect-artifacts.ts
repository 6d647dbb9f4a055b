import type { Artifacts } from "../artifacts/artifacts.ts";
import type { Store } from "../store/store.ts";

/** Deletes the bytes that no version refers to; what an upload is just bringing stays. Returns the digests that went. */
export function collectArtifacts(store: Store, artifacts: Artifacts): Promise<readonly string[]> {
  return artifacts.collect(() => referencedDigests(store));
}

async function referencedDigests(store: Store): Promise<ReadonlySet<string>> {
  return store.read(async ({ versions }) => {
    const digests = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await versions.list({}, { limit: 1_000, cursor });
      for (const { digest } of page.items) digests.add(digest);
      cursor = page.next;
    } while (cursor !== undefined);
    return digests;
  });
}
