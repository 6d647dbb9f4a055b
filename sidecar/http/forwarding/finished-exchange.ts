import type { PluginRecord } from "../../chain/chain.ts";
import type { Peer, Protocol, RequestHead } from "../exchange.ts";
import type { RefusedMessage } from "../refused-message.ts";

export const LISTENERS = ["inbound", "outbound"] as const;
export type ListenerName = (typeof LISTENERS)[number];

/** An exchange that is over, for metrics and the access log. Read it at once: nothing of it is kept. */
export interface FinishedExchange {
  readonly id: number;
  readonly listener: ListenerName;
  readonly head: RequestHead;
  readonly protocol: Protocol;
  readonly peer: Peer;
  readonly remoteIp: string;
  /** What the client was answered; 499 when it was gone before any answer. */
  readonly status: number;
  /** A code of WIRE_ERRORS or of the sidecar's own answers; undefined when nothing went wrong. */
  readonly error: string | undefined;
  /** What exactly went wrong on the wire, for the log; undefined where nothing did, or not on the wire. */
  readonly reason: string | undefined;
  /** The plugin that blocked, or whose policy `closed` answered. */
  readonly blockedBy: string | undefined;
  /** Wall clock, ms. */
  readonly bizStartAt: number;
  /** Milliseconds from the head's arrival to the end. */
  readonly duration: number;
  /** Milliseconds that the app took to the head of its answer; undefined when it gave none. */
  readonly upstreamDuration: number | undefined;
  /** Body bytes from the client and to it. */
  readonly received: number;
  readonly sent: number;
  /** Where it went, `127.0.0.1:8080`; undefined when it went nowhere. */
  readonly upstream: string | undefined;
  readonly plugins: readonly PluginRecord[];
  /** Names of request fields that went no further because they have an underscore. */
  readonly dropped: readonly string[];
}

/** A message that a listener refused before there was an exchange. */
export interface RefusedExchange extends RefusedMessage {
  readonly id: number;
  readonly listener: ListenerName;
  readonly remoteIp: string;
}

/** Hears of every exchange, on its path: must be quick and must not throw. */
export interface ExchangeObserver {
  began(listener: ListenerName): void;
  /** Once for each `began`. */
  finished(exchange: FinishedExchange): void;
  /** There was no `began` and there will be no `finished`. */
  refused(refused: RefusedExchange): void;
}
