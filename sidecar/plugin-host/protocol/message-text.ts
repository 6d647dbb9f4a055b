import { field } from "../world/fields.ts";

/** What a plugin sees of a message beside its headers. */
export interface MessageFacts {
  /** Of the exchange; the same at both positions. */
  readonly id: number;
  readonly position: number;
  /** Wall clock, ms. */
  readonly bizStartAt: number;
  /** 0 at the request position. */
  readonly status: number;
  readonly method: string;
  readonly host: string;
  readonly remoteIp: string;
  readonly path: string;
  readonly query: string;
}

/**
 * A message as one text, which crosses link and isolate as it is: a field with a line for each fact (none holds a line
 * break: the wire refuses it), then the header lines. `world/request.ts` reads it when a plugin looks. `attempt` is 1
 * the first time, and 0 for a request that nobody sent.
 */
export function messageText(facts: MessageFacts, attempt: number, headerLines: string): string {
  const { id, position, bizStartAt, status, method, host, remoteIp, path, query } = facts;
  const numbers = `${id}\n${position}\n${bizStartAt}\n${attempt}\n${status}\n`;
  return field(`${numbers}${method}\n${host}\n${remoteIp}\n${path}\n${query}\n`) + headerLines;
}
