import { STATUS_CODES } from "node:http";

import { FIELD } from "../../../core/headers/known-fields.ts";
import type { ResponseHead, UpstreamRequest } from "../exchange.ts";
import type { DateLine } from "./date-line.ts";
import { fieldLines } from "./field-lines.ts";
import type { Framing } from "./message.ts";

/** `HTTP/1.1 200 OK CRLF` by status: the phrase means nothing to anyone (RFC 9112 §4), so the usual one is sent. */
const STATUS_LINES = Array.from({ length: 1000 }, (_, status) => {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
});

const EMPTY_LINE = "\r\n";

/**
 * The text of a request's head. Host is written where Host stood, or first; the lines that frame the message come
 * last. The headers must have gone through `withoutHopByHop` before edits were applied to them.
 */
export function requestHeadText(request: Omit<UpstreamRequest, "body">, framing: Framing): string {
  const { method, target, authority, headers, added, upgrade } = request;
  const firstLine = `${method} ${method === "CONNECT" ? authority : target} HTTP/1.1\r\n`;
  const host = !headers.mayHold(FIELD.host) || headers.indexOf("host") < 0 ? `Host: ${authority}\r\n` : "";
  const trailersAsked = headers.mayHold(FIELD.te) && headers.indexOf("te") >= 0;
  const connection = upgrade || trailersAsked ? connectionLine(upgrade, trailersAsked) : "";
  const fields = host + fieldLines(headers, authority) + (added?.lines ?? "");
  return firstLine + fields + connection + framingLine(framing) + EMPTY_LINE;
}

/** How an answer's head is to end. */
export interface ResponseHeadOptions {
  /** The connection ends with this answer. */
  readonly close: boolean;
}

/**
 * The text of an answer's head, 1xx included; 101 says that it switches to WebSocket. With a `dateLine`, an answer that
 * has no Date gets one, as RFC 9110 §6.6.1 wants of whoever makes or passes on an answer and has a clock.
 */
export function responseHeadText(
  head: ResponseHead,
  framing: Framing,
  options: ResponseHeadOptions,
  dateLine?: DateLine,
): string {
  const firstLine = STATUS_LINES[head.status] ?? `HTTP/1.1 ${head.status} \r\n`;
  const closes = options.close || framing.kind === "close";
  const connection =
    head.status === 101 ? connectionLine(true, false) : closes ? "Connection: close\r\n" : "";
  const dated = head.headers.mayHold(FIELD.date) && head.headers.indexOf("date") >= 0;
  const date = dateLine === undefined || dated || head.status < 200 ? "" : dateLine.text;
  return firstLine + fieldLines(head.headers) + date + connection + framingLine(framing) + EMPTY_LINE;
}

/** TE and Upgrade are for this connection only, and Connection must say so (RFC 9110 §7.8, §10.1.4). */
function connectionLine(upgrade: boolean, te: boolean): string {
  if (!upgrade) return "Connection: TE\r\n";
  return `Connection: Upgrade${te ? ", TE" : ""}\r\nUpgrade: websocket\r\n`;
}

function framingLine(framing: Framing): string {
  if (framing.kind === "length") return `Content-Length: ${framing.length}\r\n`;
  return framing.kind === "chunked" ? "Transfer-Encoding: chunked\r\n" : "";
}
