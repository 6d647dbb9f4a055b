import type {
  BodySource,
  ResponseHead,
  UpstreamCall,
  UpstreamListener,
  UpstreamRequest,
} from "../exchange.ts";
import { WireError } from "../wire-error.ts";
import type { ClientCall, ClientConnection } from "./client-connection.ts";
import { mayResend, ResendableBody } from "./resend.ts";

/** What a call needs of its pool. */
export interface CallPool {
  /** Sends the call again, over a new connection. */
  resend(call: PoolCall): void;
  /** The call does not wait for a connection any more. */
  leave(call: PoolCall): void;
}

/** One request from when it enters the pool until its answer begins. */
export class PoolCall implements UpstreamCall, ClientCall {
  readonly request: UpstreamRequest;
  readonly #pool: CallPool;
  readonly #listener: UpstreamListener;
  #resendable: ResendableBody | undefined;
  #connection: ClientConnection | undefined;
  #kept = false;
  #started = false;
  #over = false;

  constructor(pool: CallPool, request: UpstreamRequest, listener: UpstreamListener) {
    this.#pool = pool;
    this.request = request;
    this.#listener = listener;
  }

  /** Where the request goes now; `kept` is a connection that carried others before and may be closed already. */
  assign(connection: ClientConnection, kept: boolean): void {
    this.#connection = connection;
    this.#kept = kept;
  }

  get body(): BodySource {
    this.#started = true;
    if (this.#resendable !== undefined) return this.#resendable;
    return this.#kept ? (this.#resendable = new ResendableBody(this.request.body)) : this.request.body;
  }

  cancel(reason: WireError): void {
    if (this.#over) {
      this.#connection?.abandon(this, reason);
      return;
    }
    this.#over = true;
    if (this.#connection === undefined) this.#pool.leave(this);
    else this.#connection.abandon(this, reason);
    this.request.body.cancel(reason);
  }

  informed(head: ResponseHead): void {
    this.#listener.informed(head);
  }

  responded(head: ResponseHead, body: BodySource): void {
    this.#over = true;
    this.#listener.responded(head, body);
  }

  unanswered(detail: string, cause: unknown, sent: boolean): void {
    const untouched = sent ? mayResend(this.request, this.#bodyTouched) : !this.#bodyTouched;
    if (untouched && this.#kept) {
      this.#resendable?.detach();
      this.#connection = undefined;
      this.#pool.resend(this);
      return;
    }
    // Whoever sends it again elsewhere must be able to start its body.
    const retryable = untouched && !this.#started;
    this.failed(new WireError("upstream_reset", detail, { cause, retryable }));
  }

  failed(error: WireError): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection = undefined;
    const final = error.retryable && this.#started ? notRetryable(error) : error;
    if (!final.retryable) this.request.body.cancel(final);
    this.#listener.failed(final);
  }

  get #bodyTouched(): boolean {
    return this.#resendable === undefined ? this.#started : this.#resendable.touched;
  }
}

/** A body can be started once only. */
function notRetryable(error: WireError): WireError {
  return new WireError(error.code, error.message, { cause: error.cause });
}
