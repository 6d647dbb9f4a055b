import { formatAddress } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Chain } from "./chain/chain.ts";
import { EndpointPools, type EndpointState } from "./http/forwarding/endpoint-pools.ts";
import type { ExchangeObserver, ListenerName } from "./http/forwarding/finished-exchange.ts";
import { createForwarder, ExchangeIds, LOCAL_ADDRESS_RULE } from "./http/forwarding/forwarder.ts";
import { outboundRoute, type ServiceTable } from "./http/forwarding/outbound-routes.ts";
import { TunnelUpstream } from "./http/forwarding/tunnel-upstream.ts";
import { Deadlines } from "./http/h1/deadlines.ts";
import { Listener } from "./http/listener.ts";
import { RemoteAddressRule } from "./http/remote-address.ts";
import { TrustedNetworks } from "./http/trusted-networks.ts";
import type { ExchangeHandler } from "./http/exchange.ts";
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
  #draining = false;

  constructor(options: TrafficOptions) {
    const { settings, clock } = options;
    const limits = wireLimits(settings);
    const deadlines = new Deadlines(clock);
    const ids = new ExchangeIds();
    this.#pools = new EndpointPools({ limits, deadlines });
    const forwarding = { chain: options.chain, observer: options.observer, clock };
    const draining = (): boolean => this.#draining;

    const app = {
      upstream: this.#pools.to(settings.app, settings.appProtocol),
      address: formatAddress(settings.app),
    };
    const toApp = { kind: "to", destination: app } as const;
    const inbound = createForwarder(
      {
        ...forwarding,
        listener: "inbound",
        route: () => toApp,
        addresses: new RemoteAddressRule(new TrustedNetworks(settings.trustedProxies)),
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
          tunnel: new TunnelUpstream(clock, limits.connect),
        }),
        addresses: LOCAL_ADDRESS_RULE,
        draining,
      },
      ids,
    );
    const listener = (name: ListenerName, handler: ExchangeHandler): Listener =>
      new Listener({
        ...settings[name],
        name,
        reusePort: options.sharesPorts,
        handler,
        limits,
        deadlines,
        clock,
        log: options.log,
      });
    this.inbound = listener("inbound", inbound);
    this.outbound = listener("outbound", outbound);
  }

  get endpoints(): readonly EndpointState[] {
    return this.#pools.states;
  }

  /** On the ports of the settings, or on those that another process has got. Resolves to the ports. */
  async start(ports?: TrafficPorts): Promise<TrafficPorts> {
    await this.inbound.start(ports?.inbound);
    await this.outbound.start(ports?.outbound);
    return {
      inbound: this.inbound.address()?.port ?? 0,
      outbound: this.outbound.address()?.port ?? 0,
    };
  }

  /** From now on every answer says that its connection closes, so that clients come back elsewhere. */
  announceDrain(): void {
    this.#draining = true;
  }

  /** Takes nothing new and lets what is under way end, at most `deadline` ms; then cuts it. */
  async drain(deadline: number): Promise<void> {
    this.announceDrain();
    // The app may need others to finish its answers: outbound goes last.
    const started = performance.now();
    await this.inbound.drain(deadline);
    await this.outbound.drain(Math.max(0, deadline - (performance.now() - started)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.inbound, this.outbound].map((listener) => listener[Symbol.asyncDispose]()));
    await this.#pools[Symbol.asyncDispose]();
  }
}
