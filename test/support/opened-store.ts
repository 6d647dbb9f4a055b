import { openStore } from "../../control-plane/store/open-store.ts";
import type { Store } from "../../control-plane/store/store.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

/** A store in a folder of a test's own, on a clock that the test moves. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly folder: TemporaryFolder;
}

export async function openedStore(): Promise<OpenedStore> {
  const folder = await TemporaryFolder.create();
  const clock = new ManualClock();
  const store = await openStore(folder.join("store"), clock);
  return {
    store,
    clock,
    folder,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
