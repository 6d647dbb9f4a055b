import type { WireCase } from "./cases.ts";

/** One message as a parser understood it. */
export interface SeenMessage {
  /** `GET /a 1.1`, or for answers `200 1.1`. */
  readonly line: string;
  /** Flat names and values, latin1. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** The end of the body has come. */
  readonly complete: boolean;
  readonly trailers: readonly string[];
}

/** What a parser made of the bytes of a connection. */
export interface Observation {
  readonly messages: readonly SeenMessage[];
  /** Why it refused what came behind those messages, or the last of them; undefined if it did not. */
  readonly refused: string | undefined;
  /** It stopped of its own accord: the connection ends, or is a tunnel, and what follows is not read. */
  readonly stopped: boolean;
  /** All that came from the head on that has not been accepted; only our side says. */
  readonly pending: string;
}

/** The bytes of a case as they arrive. */
export function piecesOf({ bytes, cuts }: WireCase): readonly Buffer[] {
  const places = [0, ...cuts, bytes.length];
  const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
  return pieces.filter((piece) => piece.length > 0);
}
