import { data, FLAG, headers, type Field } from "../support/http2-frames.ts";
import { HOST } from "./outcome.ts";

export interface H2Case {
  readonly name: string;
  readonly fields: readonly Field[];
  /** What follows the HEADERS frame; none: the head ends the stream. */
  readonly frames: readonly Buffer[];
}

/** A case whose request goes on as exactly this. */
export interface H2ArrivingCase extends H2Case {
  readonly as: string;
}

const REQUEST: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a.test"],
  [":path", "/"],
];

const END = FLAG.endStream;

function withPseudo(name: string, value: string): readonly Field[] {
  return REQUEST.map(([key, old]) => [key, key === name ? value : old]);
}

function refused(name: string, fields: readonly Field[]): H2Case {
  return { name, fields, frames: [] };
}

function pseudo(name: string, value: string): H2Case {
  return refused(`${name} ${JSON.stringify(value)}`, withPseudo(name, value));
}

function field(name: string, value: string): H2Case {
  return refused(`${JSON.stringify(name)}: ${JSON.stringify(value)}`, [...REQUEST, [name, value]]);
}

const INJECTED =
  "x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";

/** What would be more, or something else, than one request once it is HTTP/1.1. */
export const H2_REFUSED: readonly H2Case[] = [
  pseudo(":path", "/a b"),
  pseudo(":path", "/ HTTP/1.1\r\nX: y"),
  pseudo(":path", "/\n"),
  pseudo(":path", "/\0"),
  pseudo(":path", "/a#b"),
  pseudo(":path", "/\xe9"),
  pseudo(":path", "a"),
  pseudo(":path", ""),
  pseudo(":path", "*"),
  pseudo(":path", "http://b.test/"),
  pseudo(":path", "/../a"),
  pseudo(":path", "/a%2fb"),
  pseudo(":path", "/%00"),
  pseudo(":method", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"),
  pseudo(":method", "GET "),
  pseudo(":method", ""),
  pseudo(":method", "G T"),
  pseudo(":scheme", "ftp"),
  pseudo(":scheme", "http\r\nX: y"),
  pseudo(":authority", "a.test\r\nX: y"),
  pseudo(":authority", "u@a.test"),
  pseudo(":authority", "a.test/x"),
  pseudo(":authority", "a.test b.test"),
  pseudo(":authority", "a.test, b.test"),
  pseudo(":authority", "a.test:99999"),
  pseudo(":authority", ""),
  field("transfer-encoding", "chunked"),
  field("transfer-encoding", ""),
  field("Transfer-Encoding", "chunked"),
  field("connection", "x-web-user"),
  field("connection", "transfer-encoding"),
  field("keep-alive", "1"),
  field("proxy-connection", "close"),
  field("upgrade", "h2c"),
  field("te", "gzip"),
  field("host", "b.test"),
  field("X-Upper", "1"),
  field("content-length", "5, 5"),
  field("content-length", "+5"),
  field("content-length", "-1"),
  field("content-length", "5"),
  field("content-length", "five"),
  field(":late", "1"),
  refused("two Hosts", [...REQUEST, ["host", "a.test"], ["host", "a.test"]]),
  refused("two lengths", [...REQUEST, ["content-length", "0"], ["content-length", "1"]]),
  refused("two :path", [...REQUEST, [":path", "/b"]]),
  refused("two :authority", [[":authority", "b.test"], ...REQUEST]),
  refused(
    "no :path",
    REQUEST.filter(([name]) => name !== ":path"),
  ),
  refused(
    "no :method",
    REQUEST.filter(([name]) => name !== ":method"),
  ),
  refused(
    "neither :authority nor Host",
    REQUEST.filter(([name]) => name !== ":authority"),
  ),
  refused("CONNECT with a path", withPseudo(":method", "CONNECT")),
  refused("CONNECT at the inbound listener", [
    [":method", "CONNECT"],
    [":authority", "a.test:80"],
  ]),
  refused("extended CONNECT, which was not announced", [
    ...withPseudo(":method", "CONNECT"),
    [":protocol", "websocket"],
  ]),
];

const POST = withPseudo(":method", "POST");

/** The head is fine, and its body is not what it says. */
export const H2_LYING: readonly H2Case[] = [
  {
    name: "a body longer than its length",
    fields: [...POST, ["content-length", "2"]],
    frames: [data(1, "hello", END)],
  },
  {
    name: "a body shorter than its length",
    fields: [...POST, ["content-length", "9"]],
    frames: [data(1, "hello", END)],
  },
  {
    name: "a body behind a length of 0",
    fields: [...POST, ["content-length", "0"]],
    frames: [data(1, "hello", END)],
  },
  {
    name: "pseudo-headers among the trailers",
    fields: POST,
    frames: [data(1, "hello"), headers(1, [[":path", "/b"]], FLAG.endHeaders | END)],
  },
  {
    name: "Transfer-Encoding among the trailers",
    fields: POST,
    frames: [data(1, "hello"), headers(1, [["transfer-encoding", "chunked"]], FLAG.endHeaders | END)],
  },
  {
    name: "trailers that do not end the stream",
    fields: POST,
    frames: [data(1, "hello"), headers(1, [["x-sum", "1"]], FLAG.endHeaders)],
  },
];

function arriving(
  name: string,
  fields: readonly Field[],
  as: string,
  frames: readonly Buffer[] = [],
): H2ArrivingCase {
  return { name, fields, frames, as };
}

const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;
const GET_OWN_HOST = "GET / HTTP/1.1\r\nhost: a.test\r\n\r\n";
const CHUNKED = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;

export const H2_ARRIVING: readonly H2ArrivingCase[] = [
  arriving("a GET", REQUEST, GET),
  arriving("Host that says what :authority says", [...REQUEST, ["host", "a.test"]], GET_OWN_HOST),
  arriving(
    "Host in place of :authority",
    [...REQUEST.filter(([name]) => name !== ":authority"), ["host", "a.test"]],
    GET_OWN_HOST,
  ),
  arriving(
    "cookie crumbs",
    [...REQUEST, ["cookie", "a=b"], ["x", "1"], ["cookie", "c=d"]],
    `GET / HTTP/1.1\r\n${HOST}cookie: a=b; c=d\r\nx: 1\r\n\r\n`,
  ),
  arriving(
    "150 cookie crumbs",
    [...REQUEST, ...Array.from({ length: 150 }, (_, i): Field => ["cookie", `c${i}=v`])],
    `GET / HTTP/1.1\r\n${HOST}cookie: ${Array.from({ length: 150 }, (_, i) => `c${i}=v`).join("; ")}\r\n\r\n`,
  ),
  arriving(
    "OPTIONS *",
    withPseudo(":method", "OPTIONS").map(([name, value]) => [name, name === ":path" ? "*" : value]),
    `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`,
  ),
  arriving("a scheme of https", withPseudo(":scheme", "https"), GET),
  arriving("DEL in a name, which is dropped with its field", [...REQUEST, ["x\x7f", "1"]], GET),
  arriving("a tab in a name, which is dropped with its field", [...REQUEST, ["x\ty", "1"]], GET),
  arriving("CR alone in a value, which is dropped with its field", [...REQUEST, ["x", "a\rb"]], GET),
  arriving(
    "te: trailers",
    [...REQUEST, ["te", "trailers"]],
    `GET / HTTP/1.1\r\n${HOST}te: trailers\r\nConnection: TE\r\n\r\n`,
  ),
  arriving("fields that speak for the sidecar", [...REQUEST, ["x-mesh-path", "/b"]], GET),
  arriving("CR LF in a value, which is dropped with its field", [...REQUEST, ["x", INJECTED]], GET),
  arriving("LF in a value, which is dropped with its field", [...REQUEST, ["x", "a\nb: c"]], GET),
  arriving("NUL in a value, which is dropped with its field", [...REQUEST, ["x", "a\0b"]], GET),
  arriving("a request for a name, which is dropped with its field", [...REQUEST, ["x: y\r\nz", "1"]], GET),
  arriving("a space in a name, which is dropped with its field", [...REQUEST, ["x y", "1"]], GET),
  arriving("a body of unknown length", POST, `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`, [data(1, "hello", END)]),
  arriving("an empty body of unknown length", POST, `${CHUNKED}0\r\n\r\n`, [data(1, "", END)]),
  arriving("a body that looks like chunks", POST, `${CHUNKED}5\r\n0\r\n\r\n\r\n0\r\n\r\n`, [
    data(1, "0\r\n\r\n", END),
  ]),
  arriving(
    "a body of known length",
    [...POST, ["content-length", "5"]],
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`,
    [data(1, "hello", END)],
  ),
  arriving("trailers", POST, `${CHUNKED}5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n`, [
    data(1, "hello"),
    headers(
      1,
      [
        ["x-sum", "1"],
        ["host", "b.test"],
        ["x-mesh-path", "/"],
      ],
      FLAG.endHeaders | END,
    ),
  ]),
  arriving("CR LF in a trailer, which is dropped", POST, `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`, [
    data(1, "hello"),
    headers(1, [["x-sum", "1\r\n\r\nGET /smuggled HTTP/1.1"]], FLAG.endHeaders | END),
  ]),
];
