import { Backoff } from "../../../core/backoff.ts";
import type { Clock, Timer } from "../../../core/clock.ts";
import type { Lane } from "./lane.ts";
import type { QuestionEncoder } from "./mesh-request.ts";
import { PluginConnection, type PluginEndpoint } from "./plugin-connection.ts";

/** How a link is: nobody there, somebody there who is not this plugin, or connected. */
export type LinkStatus =
  | { readonly kind: "connected" }
  | { readonly kind: "unreachable" | "refused"; readonly reason: string };

/** What a link tells its owner. */
export interface LinkEvents {
  /** There may be a lane again. */
  writable(): void;
  /** Connected, not any more, or not for another reason. */
  changed(status: LinkStatus): void;
}

const FIRST_DELAY = 100;
const MAX_DELAY = 10_000;

type LinkState =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting" }
  | { readonly kind: "connected"; readonly connection: PluginConnection }
  | { readonly kind: "waiting"; readonly timer: Timer }
  | { readonly kind: "closed" };

/** A connection to one plugin that is made again, with back-off and jitter, whenever it is lost. */
export class PluginLink {
  readonly #endpoint: PluginEndpoint;
  readonly #encoder: QuestionEncoder;
  readonly #events: LinkEvents;
  readonly #clock: Clock;
  readonly #backoff = new Backoff({ first: FIRST_DELAY, ceiling: MAX_DELAY });
  #state: LinkState = { kind: "idle" };
  #fault: string | undefined = "not connected yet";

  constructor(endpoint: PluginEndpoint, encoder: QuestionEncoder, clock: Clock, events: LinkEvents) {
    this.#endpoint = endpoint;
    this.#encoder = encoder;
    this.#clock = clock;
    this.#events = events;
  }

  /** Why there is no connection; undefined while there is one. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** What the plugin allows; none without a connection. */
  get maxInFlight(): number {
    return this.#state.kind === "connected" ? this.#state.connection.terms.maxInFlight : 0;
  }

  /** Whether questions are asked on Observe streams. */
  get observes(): boolean {
    return this.#state.kind === "connected" && this.#state.connection.terms.observeStreams > 0;
  }

  lane(): Lane | undefined {
    return this.#state.kind === "connected" ? this.#state.connection.lane() : undefined;
  }

  /** Tries once, and goes on trying unless it was refused or closed. Never rejects. */
  async connect(): Promise<LinkStatus> {
    this.#state = { kind: "connecting" };
    const outcome = await PluginConnection.open(this.#endpoint, this.#encoder, this.#clock);
    if (this.#isClosed()) {
      if (outcome.kind === "open") outcome.connection.close("closed");
      return { kind: "unreachable", reason: "closed" };
    }
    if (outcome.kind === "open") {
      this.#use(outcome.connection);
      return { kind: "connected" };
    }
    this.#lose(outcome);
    return outcome;
  }

  /** Tries now unless it is connected or trying: there is reason to think that it works. */
  retry(): void {
    if (this.#state.kind !== "waiting" && this.#state.kind !== "idle") return;
    if (this.#state.kind === "waiting") this.#state.timer[Symbol.dispose]();
    void this.connect();
  }

  /** Ends it; open questions fail. */
  close(reason: string): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    this.#fault = reason;
    if (state.kind === "waiting") state.timer[Symbol.dispose]();
    if (state.kind === "connected") state.connection.close(reason);
  }

  #use(connection: PluginConnection): void {
    this.#state = { kind: "connected", connection };
    this.#fault = undefined;
    this.#backoff.reset();
    connection.events = {
      writable: () => this.#events.writable(),
      broken: (reason) => {
        if (this.#state.kind === "connected" && this.#state.connection === connection)
          this.#lose({ kind: "unreachable", reason });
      },
    };
    this.#events.changed({ kind: "connected" });
    this.#events.writable();
  }

  #lose(status: LinkStatus & { readonly reason: string }): void {
    const isKnown = this.#fault === status.reason;
    this.#fault = status.reason;
    const timer = this.#clock.after(this.#backoff.next(), () => void this.connect()).unref();
    this.#state = { kind: "waiting", timer };
    if (!isKnown) this.#events.changed(status);
  }

  /** A method of its own, since the compiler does not see that an await lets others change the state. */
  #isClosed(): boolean {
    return this.#state.kind === "closed";
  }
}
