import { formatAddress, parseAddress, type Address } from "../../../core/address.ts";
import type { Upstream } from "../exchange.ts";
import { WireError } from "../wire-error.ts";
import type { Route, RouteResult } from "./upstream-route.ts";

/** Endpoints by service name. */
export type ServiceTable = ReadonlyMap<string, readonly Address[]>;

export interface OutboundOptions {
  /** The table in force, asked anew for each request. */
  readonly services: () => ServiceTable;
  /** Whether requests to a host that is no service go there; else they are refused. Asked anew for each. */
  readonly direct: () => boolean;
  /** The same upstream for the same address. */
  readonly upstreamOf: (address: Address) => Upstream;
  readonly tunnel: Upstream;
  /** Whether requests to the address come back here, and would go round for ever. */
  readonly isOwn: (address: Address) => boolean;
}

const DEFAULT_PORT = 80;

/**
 * Where the app's own requests go: to a service by its name, with or without a port, in turn over its endpoints, and
 * else to the host that they name. CONNECT is a tunnel to where it says.
 */
export function outboundRoute(options: OutboundOptions): Route {
  const turns = new Map<string, number>();
  const to = (address: Address, tunnel?: Upstream): RouteResult => {
    const text = formatAddress(address);
    if (options.isOwn(address)) return refuse("loop_detected", `${text} is this sidecar's outbound listener`);
    return { kind: "to", destination: { upstream: tunnel ?? options.upstreamOf(address), address: text } };
  };
  return ({ method, authority }) => {
    const target = parseAddress(/:\d+$/.test(authority) ? authority : `${authority}:${DEFAULT_PORT}`);
    if (target === undefined) return refuse("bad_request", `cannot send a request to "${authority}"`);
    const service = serviceName(target.host);
    const endpoints = options.services().get(service);
    if (endpoints === undefined) {
      if (!options.direct()) return refuse("upstream_unreachable", `${service} is not a service`);
      return to(target, method === "CONNECT" ? options.tunnel : undefined);
    }
    if (method === "CONNECT") return refuse("bad_request", `${service} is a service: no tunnel leads to it`);
    const turn = ((turns.get(service) ?? -1) + 1) % Math.max(1, endpoints.length);
    turns.set(service, turn);
    const endpoint = endpoints[turn];
    return endpoint === undefined
      ? refuse("upstream_unreachable", `${service} has no endpoint`)
      : to(endpoint);
  };
}

/** A dot at its end says that a name is whole (RFC 1034 §3.1): it is the same name. */
function serviceName(host: string): string {
  const name = host.toLowerCase();
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

function refuse(code: "bad_request" | "loop_detected" | "upstream_unreachable", detail: string): RouteResult {
  return { kind: "refused", error: new WireError(code, detail) };
}
