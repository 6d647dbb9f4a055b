import type { Upstream, UpstreamCall, UpstreamListener, UpstreamRequest } from "../exchange.ts";
import { isGrpc } from "../grpc-answer.ts";

/**
 * An endpoint that speaks both protocols: gRPC, which has no other way, goes as h2c, and the rest as HTTP/1.1, which
 * every app understands.
 */
export class AutoUpstream implements Upstream {
  readonly #http1: Upstream;
  readonly #h2c: Upstream;

  constructor(http1: Upstream, h2c: Upstream) {
    this.#http1 = http1;
    this.#h2c = h2c;
  }

  request(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    return (isGrpc(request) ? this.#h2c : this.#http1).request(request, listener);
  }
}
