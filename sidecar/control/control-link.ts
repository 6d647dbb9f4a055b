import { parseAddress } from "../../core/address.ts";
import { Backoff } from "../../core/backoff.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import type { ConnectionTrouble } from "../../core/connections/connection-trouble.ts";
import { lookCloser } from "../../core/connections/look-closer.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Hello } from "../../proto/gen/mesh/v1/Hello.ts";
import { streamAdvice } from "./connection-advice.ts";
import { ControlSession, type SessionEnd, type SessionEvents } from "./control-session.ts";
import {
  credentialsSignature,
  readCredentials,
  type Credentials,
  type CredentialSettings,
} from "./credentials.ts";

export interface ControlLinkOptions {
  /** `host:port` */
  readonly target: string;
  readonly credentials: CredentialSettings;
  /** What the node is and has in force, at the moment of connecting. */
  readonly hello: () => Hello;
  readonly events: (session: ControlSession, credentials: Credentials) => SessionEvents;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the jitter. Default `Math.random`. */
  readonly random?: () => number;
}

const RETRY = { first: 500, ceiling: 30_000 } as const;
/** A fleet that lost its control plane does not come back in one moment: spread over so many ms. */
const SPREAD = 2_000;
/** ms for which a control plane can ask to be left alone: sooner would be a storm, and much later no timer can wait. */
const ABSENCE = { shortest: 100, longest: 7 * 86_400_000 } as const;
/** ms between two looks whether the credentials have changed. */
const LOOK = 5_000;
const NO_HTTP2: ConnectionTrouble = { kind: "other-protocol" };

/** Keeps a session with the control plane: connects, and again with back-off and jitter when one has ended. */
export class ControlLink implements AsyncDisposable {
  readonly #options: ControlLinkOptions;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #look: Timer;
  #session: ControlSession | undefined;
  #signature = "";
  #next: Timer | undefined;
  #connecting: Promise<void> | undefined;
  #lastReason = "";
  /** What gRPC said of the last failed connection, before that was looked into. */
  #lastFailure = "";
  readonly #closing = new AbortController();

  /** Connects at once. */
  constructor(options: ControlLinkOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff({ ...RETRY, random: this.#random });
    this.#look = options.clock.every(LOOK, () => void this.#lookAtCredentials()).unref();
    this.#connectIn(0);
  }

  /** Why there is no session just now; empty while there is one, or before the first has failed. */
  get trouble(): string {
    return this.#lastReason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#look[Symbol.dispose]();
    this.#next?.[Symbol.dispose]();
    this.#session?.close("the sidecar is stopping");
    await this.#connecting;
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #connectIn(delay: number): void {
    if (this.#isClosed) return;
    this.#next = this.#options.clock.after(delay, () => {
      this.#connecting = this.#connect();
    });
  }

  /** Resolves when the session is over. */
  async #connect(): Promise<void> {
    const { target, log } = this.#options;
    const end = await this.#run();
    this.#session = undefined;
    if (this.#isClosed) return;
    if (end.welcomed) this.#backoff.reset();
    // The same trouble again and again is said once.
    if (end.reason !== this.#lastReason)
      log.warn({ target, reason: end.reason }, "control plane: not connected");
    this.#lastReason = end.reason;
    this.#connectIn(this.#delayAfter(end));
  }

  async #run(): Promise<SessionEnd> {
    const { target, credentials, hello, events, clock, log } = this.#options;
    try {
      const signature = await credentialsSignature(credentials);
      if (signature !== this.#signature) this.#lastFailure = "";
      this.#signature = signature;
      const read = await readCredentials(credentials);
      if (this.#isClosed) throw new Error("the sidecar is stopping");
      const session: ControlSession = new ControlSession(
        target,
        read,
        hello(),
        {
          welcome: (welcome) => {
            [this.#lastReason, this.#lastFailure] = ["", ""];
            log.info({ target, tick: welcome.tick }, "control plane: connected");
            handlers.welcome(welcome);
          },
          message: (message) => handlers.message(message),
        },
        clock,
      );
      const handlers = events(session, read);
      this.#session = session;
      const end = await session.ended;
      return end.unreached ? { ...end, reason: await this.#explained(end.reason, read) } : end;
    } catch (thrown) {
      return { reason: messageOf(thrown), welcomed: false, reconnectAfter: undefined, unreached: false };
    }
  }

  /** gRPC's words say little. Looked into once for each trouble: a fleet that knocks must not knock twice. */
  async #explained(failure: string, { tls }: Credentials): Promise<string> {
    if (failure === this.#lastFailure) return this.#lastReason;
    this.#lastFailure = failure;
    const address = parseAddress(this.#options.target);
    if (address === undefined) return failure;
    const found = await lookCloser({ ...address, tls, protocol: "h2", signal: this.#closing.signal });
    const trouble = found ?? (failure.includes("Protocol error") ? NO_HTTP2 : undefined);
    return trouble === undefined ? failure : streamAdvice(trouble, tls?.ca !== undefined);
  }

  #delayAfter({ welcomed, reconnectAfter }: SessionEnd): number {
    if (reconnectAfter !== undefined && reconnectAfter > 0) {
      const absence = Math.min(ABSENCE.longest, Math.max(ABSENCE.shortest, reconnectAfter));
      return absence * (1 + this.#random() / 2);
    }
    return welcomed ? this.#random() * SPREAD : this.#backoff.next() * (0.5 + this.#random());
  }

  async #lookAtCredentials(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const signature = await credentialsSignature(this.#options.credentials);
    if (signature === this.#signature || session !== this.#session) return;
    this.#options.log.info("control plane: the credentials have changed, connecting anew");
    session.close("the credentials have changed");
  }
}
