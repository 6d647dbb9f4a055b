import type { Clock } from "../../../core/clock.ts";
import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import { NO_EDITS, type HeaderEdits } from "../../../core/headers/header-edits.ts";
import type { Chain } from "../../chain/chain.ts";
import type { ExchangeHandler } from "../exchange.ts";
import type { ExchangeObserver, ListenerName } from "./finished-exchange.ts";
import { ForwardedExchange } from "./forwarded-exchange.ts";
import type { Route } from "./upstream-route.ts";

export interface ForwarderOptions {
  readonly listener: ListenerName;
  /** Asked anew for every exchange: the holder of the chain in force. */
  readonly chain: Chain;
  readonly route: Route;
  readonly addresses: AddressRule;
  /** What becomes of request fields whose name has an underscore. */
  readonly underscores: Underscores;
  readonly observer: ExchangeObserver;
  readonly clock: Clock;
  /** While true every answer closes its connection. */
  readonly draining: () => boolean;
}

export const UNDERSCORES = ["drop", "allow"] as const;
export type Underscores = (typeof UNDERSCORES)[number];

/** Who the client is, and what the app is told of it in `X-Forwarded-*`; see RemoteAddressRule. */
export interface AddressRule {
  remoteIp(peer: string, headers: HeaderBlock): string;
  forwardedEdits(peer: string, authority: string, headers: HeaderBlock): HeaderEdits;
}

/** For requests of the app itself: it is the client, and nothing is to be said of it. */
export const LOCAL_ADDRESS_RULE: AddressRule = {
  remoteIp: (peer) => peer,
  forwardedEdits: () => NO_EDITS,
};

/** What a listener hands its exchanges to. `ids` is shared by the listeners of one process. */
export function createForwarder(options: ForwarderOptions, ids: ExchangeIds): ExchangeHandler {
  return (exchange) => new ForwardedExchange(ids.next(), exchange, options).start();
}

/** Numbers exchanges within this process; the same number names both positions of one exchange. */
export class ExchangeIds {
  #last = 0;

  next(): number {
    // host.proto carries it in 32 bits: after four billion exchanges it begins anew.
    this.#last = (this.#last + 1) >>> 0;
    return this.#last;
  }
}
