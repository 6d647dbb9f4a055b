import { HeaderBlock } from "../../core/headers/header-block.ts";
import type { ManualClock } from "../../core/manual-clock.ts";
import type {
  BodySource,
  ExchangeWatcher,
  LocalBody,
  RequestHead,
  RespondOptions,
  ResponseHead,
  ServerExchange,
  Upstream,
  UpstreamCall,
  UpstreamListener,
  UpstreamRequest,
} from "../../sidecar/http/exchange.ts";
import type { ExchangeObserver, FinishedExchange } from "../../sidecar/http/forwarding/finished-exchange.ts";
import {
  createForwarder,
  ExchangeIds,
  type ForwarderOptions,
} from "../../sidecar/http/forwarding/forwarder.ts";
import { LOCAL_ADDRESS_RULE } from "../../sidecar/http/forwarding/outgoing-fields.ts";
import type { WireError } from "../../sidecar/http/wire-error.ts";
import { chainOf, startChain, type ChainFixture } from "./chain-fixtures.ts";
import type { ChainEntry } from "../../sidecar/chain/entry.ts";

/** A body that a test holds in its hands; it is never started here. */
export class HeldBody implements BodySource {
  readonly length = undefined;
  readonly cancelled: string[] = [];
  start(): void {}
  resume(): void {}
  cancel(reason: WireError): void {
    this.cancelled.push(reason.code);
  }
}

/** What a client was answered. */
export interface Answered {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: BodySource | LocalBody;
  readonly close: boolean;
}

/** The client's end of one exchange, in a test's hands: what it is told, and its going away. */
export class HeldExchange implements ServerExchange {
  readonly head: RequestHead;
  readonly peer = { remoteAddress: "10.0.0.1", remotePort: 4711, localPort: 15101 };
  readonly body = new HeldBody();
  readonly received = 0;
  readonly sent = 0;
  readonly informed: string[][] = [];
  readonly answers: Answered[] = [];
  proceeded = 0;
  watcher: ExchangeWatcher | undefined;
  /** What happens within `proceed`: a client may be found gone by writing to it. */
  whileProceeding: () => void = () => {};

  constructor(headers: readonly string[], head: Partial<RequestHead> = {}) {
    this.head = {
      protocol: "http/1.1",
      method: "GET",
      target: "/orders",
      authority: "app.local",
      upgrade: false,
      expectsContinue: false,
      ...head,
      headers: HeaderBlock.fromFlat(headers),
    };
  }

  proceed(): void {
    this.proceeded++;
    this.whileProceeding();
  }

  inform({ status, headers }: ResponseHead): void {
    this.informed.push([String(status), ...headers.toFlat()]);
  }

  respond({ status, headers }: ResponseHead, body: BodySource | LocalBody, options?: RespondOptions): void {
    this.answers.push({ status, headers: headers.toFlat(), body, close: options?.close ?? false });
  }

  abort(reason: WireError): void {
    this.watcher?.aborted?.(reason);
  }
}

/** An app in a test's hands. */
export class HeldUpstream implements Upstream {
  readonly requests: UpstreamRequest[] = [];
  readonly cancelled: string[] = [];
  listener: UpstreamListener | undefined;
  /** What happens within `request`: a pool may fail, and an answer may come, before it returns. */
  whileAsked: (listener: UpstreamListener) => void = () => {};

  request(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    this.requests.push(request);
    this.listener = listener;
    this.whileAsked(listener);
    return { cancel: (reason) => void this.cancelled.push(reason.code) };
  }

  get sentHeaders(): readonly string[] {
    return this.requests[0]?.headers.toFlat() ?? [];
  }

  inform(status: number, headers: readonly string[] = []): void {
    this.listener?.informed({ status, headers: HeaderBlock.fromFlat(headers) });
  }

  respond(status: number, headers: readonly string[] = []): HeldBody {
    const body = new HeldBody();
    this.listener?.responded({ status, headers: HeaderBlock.fromFlat(headers) }, body);
    return body;
  }
}

/** A forwarder with a real chain between a client and an app that a test plays. */
export class HeldForwarding implements ExchangeObserver, Disposable {
  readonly upstream = new HeldUpstream();
  readonly finishedExchanges: FinishedExchange[] = [];
  readonly clock: ManualClock;
  under = 0;
  readonly #chain: ChainFixture;
  readonly #options: ForwarderOptions;

  constructor(entries: readonly ChainEntry[] = [], options: Partial<ForwarderOptions> = {}) {
    this.#chain = startChain(chainOf(...entries));
    this.clock = this.#chain.clock;
    this.#options = {
      listener: "inbound",
      chain: this.#chain.chain,
      route: () => ({ kind: "to", destination: { upstream: this.upstream, address: "127.0.0.1:8080" } }),
      addresses: LOCAL_ADDRESS_RULE,
      observer: this,
      clock: this.clock,
      draining: () => false,
      underscores: "drop",
      ...options,
    };
  }

  /** Begins an exchange, whose client is `exchange`. */
  begin(exchange: HeldExchange): HeldExchange {
    createForwarder(this.#options, new ExchangeIds())(exchange);
    return exchange;
  }

  began(): void {
    this.under++;
  }

  finished(exchange: FinishedExchange): void {
    this.under--;
    this.finishedExchanges.push(exchange);
  }

  refused(): void {
    throw new Error("there is no listener here that could refuse something");
  }

  [Symbol.dispose](): void {
    this.#chain[Symbol.dispose]();
  }
}
