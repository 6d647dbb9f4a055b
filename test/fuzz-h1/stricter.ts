import { METHODS } from "node:http";

import { isAuthority, isAuthorityWithPort } from "../../sidecar/http/authority.ts";
import type { SeenMessage } from "./observation.ts";

/** The bytes in which a refused message is: all of the connection's, and those from the message's head on. */
export interface RawMessage {
  readonly bytes: Buffer;
  /** Empty where the head was accepted and the body was not. */
  readonly head: string;
}

/** A reason to refuse what llhttp accepts, and how it shows in what llhttp made of the message. */
export interface Stricter {
  readonly reason: string;
  /** Must not look at what our codec said: it is the independent witness. */
  applies(message: SeenMessage, raw: RawMessage): boolean;
}

function values(message: SeenMessage, lowerName: string): readonly string[] {
  const found: string[] = [];
  for (let i = 0; i < message.headers.length; i += 2)
    if (message.headers[i]?.toLowerCase() === lowerName) found.push(message.headers[i + 1] ?? "");
  return found;
}

function isChunked(message: SeenMessage): boolean {
  return values(message, "transfer-encoding").length > 0;
}

/** A size line with extensions, RFC 9112 §7.1.1, without bad white space. */
const EXTENDED =
  /^[0-9a-f]+(;[!#$%&'*+\-.^_`|~\w]+(=([!#$%&'*+\-.^_`|~\w]+|"([\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*$/i;

const BODY_RULES: readonly Stricter[] = [
  {
    reason: "blank lines and line ends before a first line",
    applies: (_message, { head }) => /^[\r\n]/.test(head),
  },
  {
    reason:
      "Content-Length: leading zeros, signs, lists and repetitions are read in two ways (RFC 9112 §6.3)",
    applies: (message) => {
      const lengths = values(message, "content-length");
      return lengths.length > 1 || lengths.some((length) => !/^(0|[1-9]\d*)$/.test(length));
    },
  },
  {
    reason: "Content-Length beyond what a number holds exactly",
    applies: (message) =>
      values(message, "content-length").some((length) => !Number.isSafeInteger(Number(length))),
  },
  {
    reason:
      "Transfer-Encoding other than one final chunked, whose meaning depends on who reads it (RFC 9112 §6.1)",
    applies: (message) => {
      const codings = values(message, "transfer-encoding");
      return codings.length > 1 || codings.some((coding) => coding.toLowerCase() !== "chunked");
    },
  },
  {
    reason: "Transfer-Encoding in HTTP/1.0 (RFC 9112 §6.1)",
    applies: (message) => isChunked(message) && message.line.endsWith(" 1.0"),
  },
  {
    reason: "both lengths (RFC 9112 §6.3)",
    applies: (message) => isChunked(message) && values(message, "content-length").length > 0,
  },
  {
    reason: "Connection that is no list of tokens: nobody can tell what it names (RFC 9110 §7.6.1)",
    applies: (message) =>
      values(message, "connection")
        .join(",")
        .split(",")
        .some((option) => !/^[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]*[ \t]*$/.test(option)),
  },
  {
    reason: "trailers that would change framing, routing or the connection (RFC 9110 §6.5.1)",
    applies: (message, { bytes }) =>
      isChunked(message) &&
      /\n(host|connection|content-length|transfer-encoding|upgrade|expect|keep-alive|te|trailer|proxy-[a-z]+):/i.test(
        bytes.toString("latin1").split("\r\n0").slice(1).join("\r\n0"),
      ),
  },
  {
    reason: "a tab behind a coding, which llhttp takes for another coding where it frames by it",
    applies: (_message, { bytes }) =>
      /transfer-encoding:[^\r\n]*\t[ \t]*\r\n/i.test(bytes.toString("latin1")),
  },
  {
    reason: "chunk extensions that are not well-formed (RFC 9112 §7.1.1)",
    applies: (message, { bytes }) =>
      isChunked(message) &&
      bytes
        .toString("latin1")
        .split("\r\n")
        .some((line) => /^[0-9a-f]+;/i.test(line) && !EXTENDED.test(line)),
  },
  {
    reason: "chunk sizes of more than 13 digits (52 bits)",
    applies: (message, { bytes }) =>
      isChunked(message) && /\n[0-9a-f]{14,}[;\r]/i.test(bytes.toString("latin1")),
  },
];

const REQUEST_RULES: readonly Stricter[] = [
  ...BODY_RULES,
  {
    reason: "more than one space in a request line (RFC 9112 §3)",
    applies: (_message, { head }) => /^[!-~]+( {2,}[!-~]+ +| [!-~]+ {2,})HTTP/.test(head),
  },
  {
    reason: "no Host, several or a malformed one (RFC 9112 §3.2)",
    applies: (message) => {
      const hosts = values(message, "host");
      if (hosts.length === 0) return !message.line.endsWith(" 1.0");
      return hosts.length > 1 || !hosts.every(isAuthority);
    },
  },
  {
    reason:
      "a target that is no path, no http:// address, and not the form that CONNECT or OPTIONS takes (RFC 9112 §3.2)",
    applies: (message) => {
      const [method = "", target = ""] = message.line.split(" ");
      if (method === "CONNECT") return !isAuthorityWithPort(target);
      if (target.startsWith("/") || (target === "*" && method === "OPTIONS")) return false;
      const [, authority = ""] = /^http:\/\/([^/?]*)/i.exec(target) ?? [];
      return !isAuthority(authority);
    },
  },
  {
    reason: "a fragment in the target (RFC 9112 §3.2)",
    applies: (message) => message.line.includes("#"),
  },
  {
    reason: "bytes over 0x7f in the target (RFC 3986 §2)",
    applies: (message) => /[\u0080-\u00ff]/.test(message.line),
  },
  {
    reason: "versions other than 1.0 and 1.1",
    applies: (message) => !/ 1\.[01]$/.test(message.line),
  },
  {
    reason: "an expectation that nobody can meet (RFC 9110 §10.1.1)",
    applies: (message) => {
      const expectations = values(message, "expect");
      return (
        expectations.length > 1 ||
        expectations.some((expectation) => expectation.toLowerCase() !== "100-continue")
      );
    },
  },
  {
    reason: "CONNECT with a body: its bytes could be the tunnel's (RFC 9110 §9.3.6)",
    applies: (message) =>
      message.line.startsWith("CONNECT ") &&
      (isChunked(message) || values(message, "content-length").join() !== "0"),
  },
  {
    reason: "TRACE with a body, which no client may send (RFC 9110 §9.3.8)",
    applies: (message) =>
      message.line.startsWith("TRACE ") &&
      (isChunked(message) || values(message, "content-length").some((length) => length !== "0")),
  },
];

const RESPONSE_RULES: readonly Stricter[] = [
  ...BODY_RULES,
  { reason: "versions other than 1.0 and 1.1", applies: (message) => !/ 1\.[01]$/.test(message.line) },
  { reason: "protocols other than HTTP", applies: (_message, { head }) => /^(ICE|RTSP)\//.test(head) },
  {
    reason: "1xx that closes the connection before the final answer (RFC 9112 §9.6)",
    applies: (message) =>
      /^1\d\d /.test(message.line) && /\bclose\b/i.test(values(message, "connection").join()),
  },
  { reason: "1xx in HTTP/1.0 (RFC 9110 §15.2)", applies: (message) => /^1\d\d 1\.0$/.test(message.line) },
  {
    reason: "control characters in a reason phrase (RFC 9112 §4)",
    applies: (_message, { head }) => /^HTTP\/1\.\d \d{3} [^\r\n]*[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(head),
  },
  {
    reason: "101 that nobody asked for (RFC 9110 §15.2.2)",
    applies: (message) => message.line.startsWith("101 "),
  },
  { reason: "a status below 100 (RFC 9110 §15)", applies: (message) => /^\d{1,2} /.test(message.line) },
];

/** Everything that we refuse and llhttp, in its strict mode, does not. */
export const STRICTER = { request: REQUEST_RULES, response: RESPONSE_RULES } as const;

/** A reason for which we accept what llhttp refuses; each is a choice, not an oversight. */
export interface Laxer {
  readonly reason: string;
  /** `pending` is what of a next head had come where we wait for the rest of it. */
  applies(refused: string, message: SeenMessage | undefined, pending: string): boolean;
}

/** What llhttp refuses within a head or trailers, and we when we have them whole: what is cut short is not judged. */
export const JUDGED_WHOLE: readonly string[] = [
  "HPE_UNEXPECTED_CONTENT_LENGTH",
  "HPE_INVALID_CONTENT_LENGTH",
  "HPE_INVALID_TRANSFER_ENCODING",
  "HPE_INVALID_URL",
];

/** Everything that llhttp refuses and we do not. */
export const LAXER: readonly Laxer[] = [
  {
    reason: "methods that node:http has no number for: any token is a method (RFC 9110 §9.1)",
    applies: (refused, message, pending) => {
      if (refused !== "HPE_INVALID_METHOD") return false;
      const method = (message?.line ?? pending).split(" ")[0] ?? "";
      return /^[!#$%&'*+\-.^_`|~\w]+$/.test(method) && !METHODS.includes(method);
    },
  },
  {
    reason: "PRI cut short: we refuse it when its head is whole (RFC 9113 §11.6)",
    applies: (refused, message, pending) =>
      refused === "HPE_INVALID_VERSION" && message === undefined && pending.startsWith("PRI "),
  },
];
