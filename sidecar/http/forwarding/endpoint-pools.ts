import { formatAddress, type Address } from "../../../core/address.ts";
import type { Upstream } from "../exchange.ts";
import type { Deadlines } from "../deadlines.ts";
import { Pool } from "../h1/pool.ts";
import { ClientPool } from "../h2/client-pool.ts";
import type { WireLimits } from "../limits.ts";
import type { LookupFor } from "../lookup-elsewhere.ts";
import { AutoUpstream } from "./auto-upstream.ts";

/** How an endpoint is spoken to; `auto`: gRPC as h2c, the rest as HTTP/1.1. */
export const UPSTREAM_PROTOCOLS = ["http1", "h2c", "auto"] as const;
export type UpstreamProtocol = (typeof UPSTREAM_PROTOCOLS)[number];

/** Endpoints whose pools are kept; beyond it the one that was used longest ago and carries nothing is closed. */
const MOST_ENDPOINTS = 256;

/** What an endpoint's pools carry, for metrics and /clusters. */
export interface EndpointState {
  readonly endpoint: string;
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
  readonly http2: { readonly sessions: number; readonly streams: number };
}

interface EndpointPool {
  readonly address: string;
  readonly http1: Pool;
  readonly http2: ClientPool;
  readonly auto: Upstream;
}

export interface EndpointPoolsOptions {
  readonly limits: WireLimits;
  readonly deadlines: Deadlines;
  /** Resolves the names of endpoints at a port. */
  readonly lookupFor: LookupFor;
}

/** The connections to all endpoints, by address; pools are made when they are first needed. */
export class EndpointPools implements AsyncDisposable {
  readonly #options: EndpointPoolsOptions;
  /** The one used last stands last. */
  readonly #pools = new Map<string, EndpointPool>();
  /** The address that was asked for last, and its pool: the same one again costs no look-up. */
  #lastAddress: Address | undefined;
  #last: EndpointPool | undefined;

  constructor(options: EndpointPoolsOptions) {
    this.#options = options;
  }

  /** The upstream for an address; connections are shared by all who ask for it. */
  to(address: Address, protocol: UpstreamProtocol): Upstream {
    const pool = (address === this.#lastAddress ? this.#last : undefined) ?? this.#use(address);
    if (protocol === "auto") return pool.auto;
    return protocol === "h2c" ? pool.http2 : pool.http1;
  }

  /** Moved behind the others only when it was not there already: writing to a Map anew each time keeps garbage. */
  #use(address: Address): EndpointPool {
    const key = formatAddress(address);
    const pool = this.#pools.get(key) ?? this.#open(key, address);
    if (pool !== this.#last) {
      this.#pools.delete(key);
      this.#pools.set(key, pool);
    }
    this.#lastAddress = address;
    this.#last = pool;
    return pool;
  }

  get states(): readonly EndpointState[] {
    return [...this.#pools.values()].map(({ address, http1, http2 }) => ({
      endpoint: address,
      open: http1.open,
      idle: http1.idle,
      waiting: http1.waiting + http2.counts.waiting,
      http2: { sessions: http2.counts.sessions, streams: http2.counts.active },
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    this.#lastAddress = undefined;
    this.#last = undefined;
    for (const { http1 } of pools) http1.close();
    await Promise.all(pools.map(({ http2 }) => http2[Symbol.asyncDispose]()));
  }

  #open(key: string, { host, port }: Address): EndpointPool {
    if (this.#pools.size >= MOST_ENDPOINTS) this.#evict();
    const { lookupFor, ...shared } = this.#options;
    const options = { ...shared, endpoint: { host, port, lookup: lookupFor(port) } };
    const http1 = new Pool(options);
    const http2 = new ClientPool(options);
    const pool = { address: key, http1, http2, auto: new AutoUpstream(http1, http2) };
    this.#pools.set(key, pool);
    return pool;
  }

  #evict(): void {
    for (const [key, { http1, http2 }] of this.#pools) {
      const busy = http1.open - http1.idle + http1.waiting + http2.counts.active + http2.counts.waiting;
      if (busy > 0) continue;
      this.#pools.delete(key);
      http1.close();
      void http2[Symbol.asyncDispose]();
      return;
    }
  }
}
