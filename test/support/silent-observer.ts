import type { ChainObserver } from "../../sidecar/chain/observer.ts";

/** Hears everything and says nothing. */
export const SILENT_OBSERVER: ChainObserver = {
  asked: () => {},
  roundTrip: () => {},
  handedOver: () => {},
  dropped: () => {},
  breakerChanged: () => {},
};
