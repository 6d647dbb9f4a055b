import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import { constants } from "node:http2";

export interface Http2Answer {
  readonly status: number;
  /** As they came, without `:status`. */
  readonly flat: readonly string[];
  readonly informed: readonly (readonly string[])[];
  readonly body: Buffer;
  readonly trailers: readonly string[] | undefined;
  /** How the stream ended; 0: nobody reset it. */
  readonly code: number;
}

export interface Http2Request {
  readonly flat: readonly string[];
  readonly body?: Buffer | undefined;
  readonly trailers?: OutgoingHttpHeaders | undefined;
}

/** Sends a request whole and resolves with the whole answer, or with what came until the stream was reset. */
export async function exchange(session: ClientHttp2Session, request: Http2Request): Promise<Http2Answer> {
  const { flat, body, trailers } = request;
  const endStream = body === undefined && trailers === undefined;
  const stream = session.request([...flat], { endStream, waitForTrailers: trailers !== undefined });
  if (trailers !== undefined) stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  const answer = collect(stream);
  if (!endStream) stream.end(body);
  return await answer;
}

export async function collect(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const informed: (readonly string[])[] = [];
  const chunks: Buffer[] = [];
  let status = 0;
  let flat: readonly string[] = [];
  let trailers: readonly string[] | undefined;
  stream.on("headers", (_headers, _flags, raw?: string[]) => informed.push(raw ?? []));
  stream.on("response", (headers, _flags, raw?: string[]) => {
    status = headers[":status"] ?? 0;
    flat = raw?.slice(2) ?? [];
  });
  stream.on("trailers", (_headers, _flags, raw?: string[]) => {
    trailers = raw ?? [];
  });
  stream.on("data", (bytes: Buffer) => chunks.push(bytes));
  stream.on("error", () => {});
  await new Promise<void>((resolve) => stream.on("close", resolve));
  const code = stream.rstCode ?? constants.NGHTTP2_NO_ERROR;
  return { status, flat, informed, body: Buffer.concat(chunks), trailers, code };
}

/** Pseudo-headers of a request, and fields behind them. */
export function requestTo(path: string, method = "GET", fields: readonly string[] = []): string[] {
  return [":method", method, ":scheme", "http", ":authority", "app.test", ":path", path, ...fields];
}
