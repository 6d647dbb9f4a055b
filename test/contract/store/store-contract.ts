import type { Store } from "../../../control-plane/store/store.ts";
import type { ManualClock } from "../../../core/manual-clock.ts";
import { changeContract } from "./change-contract.ts";
import { listingContract } from "./listing-contract.ts";
import { recordContract } from "./record-contract.ts";
import { referenceContract } from "./reference-contract.ts";
import { reportContract } from "./report-contract.ts";

/** An empty store of a test's own, on a clock that the test moves. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: Store;
  readonly clock: ManualClock;
}

export type OpenStore = () => Promise<OpenedStore>;

/** What every store keeps to; called once for each implementation. */
export function storeContract(open: OpenStore): void {
  recordContract(open);
  changeContract(open);
  referenceContract(open);
  listingContract(open);
  reportContract(open);
}
