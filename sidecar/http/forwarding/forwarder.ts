import type { Clock } from "../../../core/clock.ts";
import type { Chain } from "../../chain/chain.ts";
import type { ExchangeHandler } from "../exchange.ts";
import type { ExchangeObserver, ListenerName } from "./finished-exchange.ts";
import { ForwardedExchange } from "./forwarded-exchange.ts";
import type { AddressRule } from "./outgoing-fields.ts";
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
