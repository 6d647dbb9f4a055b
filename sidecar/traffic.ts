import { type Address, formatAddress } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { MeshError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Chain } from "./chain/chain.ts";
import { refusedExchange } from "./http/forwarding/refused-exchange.ts";
import { EndpointPools, type EndpointState } from "./http/forwarding/endpoint-pools.ts";
import type { ExchangeObserver, ListenerName } from "./http/forwarding/finished-exchange.ts";
import { createForwarder, ExchangeIds } from "./http/forwarding/forwarder.ts";
import { type AddressRule, LOCAL_ADDRESS_RULE } from "./http/forwarding/outgoing-fields.ts";
import { outboundRoute, type ServiceTable } from "./http/forwarding/outbound-routes.ts";
import { TunnelUpstream } from "./http/forwarding/tunnel-upstream.ts";
import { Deadlines } from "./http/deadlines.ts";
import { Listener } from "./http/listener.ts";
import { type LookupFor, lookupElsewhere } from "./http/lookup-elsewhere.ts";
import { leadsTo } from "./http/own-listener.ts";
import { RemoteAddressRule } from "./http/remote-address.ts";
import { TrustedNetworks } from "./http/trusted-networks.ts";
import type { ExchangeHandler, RequestHead } from "./http/exchange.ts";
import type { RouteResult } from "./http/forwarding/upstream-route.ts";
import { WireError } from "./http/wire-error.ts";
import { wireLimits, type SidecarSettings } from "./settings.ts";

export interface TrafficOptions {
  readonly settings: SidecarSettings;
  /** Other processes take connections on the same ports. */
  readonly sharesPorts: boolean;
  readonly chain: Chain;
  /** Services by name, asked anew for each outbound request. */
  readonly services: () => ServiceTable;
  /** Whether outbound requests to hosts that are no services go there. */
  readonly direct: () => boolean;
  readonly observer: ExchangeObserver;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where a sidecar listens for traffic. */
export interface TrafficPorts {
  readonly inbound: number;
  readonly outbound: number;
}

/** The path of every exchange: two listeners, what forwards between them and the endpoints, and the connections. */
export class Traffic implements AsyncDisposable {
  readonly inbound: Listener;
  readonly outbound: Listener;
  readonly #pools: EndpointPools;
  readonly #clock: Clock;
  readonly #app: Address;
  readonly #appAddress: string;
  /** Where outbound listens. */
  #listening: Address | undefined;
  #draining = false;
  #isCut = false;

  constructor(options: TrafficOptions) {
    const { settings, clock } = options;
    this.#clock = clock;
    this.#app = settings.app;
    this.#appAddress = formatAddress(settings.app);
    const limits = wireLimits(settings);
    const deadlines = new Deadlines(clock);
    const ids = new ExchangeIds();
    const isOwn = (address: Address): boolean => this.#isOutbound(address);
    const lookupFor: LookupFor = (port) => lookupElsewhere(port, isOwn);
    this.#pools = new EndpointPools({ limits, deadlines, lookupFor });
    // So that /clusters names the app before its first request.
    this.#pools.to(settings.app, settings.appProtocol);
    const { underscores } = settings;
    const forwarding = { chain: options.chain, observer: options.observer, clock, underscores };
    const draining = (): boolean => this.#draining;

    const inboundAddresses = new RemoteAddressRule(new TrustedNetworks(settings.trustedProxies));
    const inbound = createForwarder(
      {
        ...forwarding,
        listener: "inbound",
        route: (head) => this.#toApp(head, settings),
        addresses: inboundAddresses,
        draining,
      },
      ids,
    );
    const outbound = createForwarder(
      {
        ...forwarding,
        listener: "outbound",
        route: outboundRoute({
          services: options.services,
          direct: options.direct,
          upstreamOf: (address) => this.#pools.to(address, "auto"),
          tunnel: new TunnelUpstream(clock, limits.connect, lookupFor),
          isOwn,
        }),
        addresses: LOCAL_ADDRESS_RULE,
        draining,
      },
      ids,
    );
    const { observer } = options;
    const listener = (name: ListenerName, handler: ExchangeHandler, addresses: AddressRule): Listener =>
      new Listener({
        ...settings[name],
        name,
        reusePort: options.sharesPorts,
        handler,
        onRefused: (message) => observer.refused(refusedExchange(ids.next(), name, message, addresses)),
        limits,
        deadlines,
        clock,
        log: options.log,
      });
    this.inbound = listener("inbound", inbound, inboundAddresses);
    this.outbound = listener("outbound", outbound, LOCAL_ADDRESS_RULE);
  }

  #toApp({ method }: RequestHead, { app, appProtocol }: SidecarSettings): RouteResult {
    // An app that answered it with 2xx would get a pipe behind which no plugin sees a request.
    if (method === "CONNECT") {
      return { kind: "refused", error: new WireError("bad_request", "CONNECT is for the outbound listener") };
    }
    // Asked for each time: what is used stays, and is not closed for want of use.
    const upstream = this.#pools.to(app, appProtocol);
    return { kind: "to", destination: { upstream, address: this.#appAddress } };
  }

  /** Inbound is no end of the way: from there it goes to the app. */
  #isOutbound(address: Address): boolean {
    return this.#listening !== undefined && leadsTo(address, this.#listening);
  }

  get endpoints(): readonly EndpointState[] {
    return this.#pools.states;
  }

  /**
   * On the ports of the settings, or on those that another process has got. Resolves to the ports. Throws a `MeshError`
   * where the app's address is one of them.
   */
  async start(ports?: TrafficPorts): Promise<TrafficPorts> {
    await this.inbound.start(ports?.inbound);
    await this.outbound.start(ports?.outbound);
    const [inbound, outbound] = [this.inbound, this.outbound].map(listeningAddress);
    this.#listening = outbound;
    this.#refuseOwnApp([inbound, outbound]);
    return { inbound: inbound?.port ?? 0, outbound: outbound?.port ?? 0 };
  }

  #refuseOwnApp(listening: readonly (Address | undefined)[]): void {
    if (!listening.some((own) => own !== undefined && leadsTo(this.#app, own))) return;
    const message = `--app ${this.#appAddress} is this sidecar itself: it must be where the app listens`;
    throw new MeshError(message, { code: "app_is_sidecar", source: "input" });
  }

  /** From now on every answer says that its connection closes, so that clients come back elsewhere. */
  announceDrain(): void {
    this.#draining = true;
  }

  /** Takes nothing new and lets what is under way end, at most `deadline` ms; then cuts it. */
  async drain(deadline: number): Promise<void> {
    this.announceDrain();
    // The app may need others to finish its answers: outbound goes last.
    const started = this.#clock.now();
    await this.inbound.drain(deadline);
    const left = deadline - (this.#clock.now() - started);
    await this.outbound.drain(this.#isCut ? 0 : Math.max(0, left));
  }

  /** Takes nothing new and cuts what is under way; a drain that waits for it ends. */
  cut(): void {
    this.announceDrain();
    this.#isCut = true;
    this.inbound.cut();
    this.outbound.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.inbound, this.outbound].map((listener) => listener[Symbol.asyncDispose]()));
    await this.#pools[Symbol.asyncDispose]();
  }
}

function listeningAddress(listener: Listener): Address | undefined {
  const bound = listener.address();
  return bound === undefined ? undefined : { host: bound.address, port: bound.port };
}
