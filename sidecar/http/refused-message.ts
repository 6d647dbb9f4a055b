import { errorAnswer } from "./answers.ts";
import type { Peer, Protocol, RequestHead } from "./exchange.ts";
import type { WireError } from "./wire-error.ts";

/** What a wire refused by itself, so that no handler saw an exchange. */
export interface RefusedMessage {
  readonly peer: Peer;
  /** `http/1.1` where an HTTP/1 head could not be read: that is what it was answered in. */
  readonly protocol: Protocol;
  /** Undefined where it could not be read. */
  readonly head: RequestHead | undefined;
  readonly error: WireError;
  /** What the client was answered; 0: its stream or connection was cut instead. */
  readonly status: number;
}

/** One that was answered as the table says (`answers.ts`), over HTTP/1.1 where its head does not say otherwise. */
export function answeredRefusal(peer: Peer, error: WireError, head?: RequestHead): RefusedMessage {
  const { status } = errorAnswer(error.code);
  return { peer, protocol: head?.protocol ?? "http/1.1", head, error, status };
}

/** Hears of each refused message, once. Must be quick and must not throw. */
export type RefusalListener = (refused: RefusedMessage) => void;
