import { Backoff } from "../../core/backoff.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Hello } from "../../proto/gen/mesh/v1/Hello.ts";
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
/** ms between two looks whether the credentials have changed. */
const LOOK = 5_000;

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
  #closed = false;

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
    this.#closed = true;
    this.#look[Symbol.dispose]();
    this.#next?.[Symbol.dispose]();
    this.#session?.close("the sidecar is stopping");
    await this.#connecting;
  }

  #connectIn(delay: number): void {
    if (this.#closed) return;
    this.#next = this.#options.clock.after(delay, () => {
      this.#connecting = this.#connect();
    });
  }

  /** Resolves when the session is over. */
  async #connect(): Promise<void> {
    const { target, log } = this.#options;
    const end = await this.#run();
    this.#session = undefined;
    if (this.#closed) return;
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
      this.#signature = await credentialsSignature(credentials);
      const read = await readCredentials(credentials);
      if (this.#closed) throw new Error("the sidecar is stopping");
      const session: ControlSession = new ControlSession(
        target,
        read,
        hello(),
        {
          welcome: (welcome) => {
            this.#lastReason = "";
            log.info({ target, tick: welcome.tick }, "control plane: connected");
            handlers.welcome(welcome);
          },
          message: (message) => handlers.message(message),
        },
        clock,
      );
      const handlers = events(session, read);
      this.#session = session;
      return await session.ended;
    } catch (thrown) {
      return { reason: messageOf(thrown), welcomed: false, reconnectAfter: undefined };
    }
  }

  #delayAfter({ welcomed, reconnectAfter }: SessionEnd): number {
    if (reconnectAfter !== undefined && reconnectAfter > 0) return reconnectAfter * (1 + this.#random() / 2);
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
