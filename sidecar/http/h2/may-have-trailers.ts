import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import { isGrpc } from "../grpc-answer.ts";

/**
 * Whether room is kept for trailers behind a body, which costs node:http2 a frame and a turn. Trailers that come
 * all the same are dropped, as an intermediary may (RFC 9110 §6.5.1). A body whose length is known has none unless
 * it announces them, or is an answer of gRPC, whose status is one.
 */
export function mayHaveTrailers(headers: HeaderBlock, length: number | undefined): boolean {
  return length === undefined || headers.indexOf("trailer") >= 0 || isGrpc({ headers });
}

/** The same for requests on their way to an app: those of gRPC never have any. */
export function requestMayHaveTrailers(headers: HeaderBlock, length: number | undefined): boolean {
  return headers.indexOf("trailer") >= 0 || (length === undefined && !isGrpc({ headers }));
}
