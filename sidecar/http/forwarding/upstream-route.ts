import type { RequestHead, Upstream } from "../exchange.ts";
import type { WireError } from "../wire-error.ts";

/** Where one request goes. */
export interface Destination {
  readonly upstream: Upstream;
  /** For logs: `127.0.0.1:8080`. */
  readonly address: string;
}

export type RouteResult =
  | { readonly kind: "to"; readonly destination: Destination }
  | { readonly kind: "refused"; readonly error: WireError };

/** Picks a destination by a request's head. */
export type Route = (head: RequestHead) => RouteResult;
