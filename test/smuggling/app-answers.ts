/** What becomes of an app's answer. */
export interface AnswerCase {
  readonly name: string;
  readonly method: string;
  /** What the app writes, latin1. */
  readonly bytes: string;
  /** Whether the app closes behind it. */
  readonly closes: boolean;
  /** Exactly what the client gets; undefined: 502 `upstream_invalid` or, where nothing whole came, its kin. */
  readonly client: string | undefined;
  /** Whether the client's connection is still good for the next request. */
  readonly kept: boolean;
}

const OK = "HTTP/1.1 200 OK\r\n";
const SECOND = `${OK}Content-Length: 6\r\n\r\nsecond`;
const HELLO = `${OK}Content-Length: 5\r\n\r\nhello`;
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const LAST = "0\r\n\r\n";

function invalid(name: string, bytes: string, method = "GET"): AnswerCase {
  return { name, method, bytes, closes: false, client: undefined, kept: true };
}

function passes(name: string, bytes: string, client = bytes, method = "GET"): AnswerCase {
  return { name, method, bytes, closes: false, client, kept: true };
}

/** The app ends before its answer does: the client hears the beginning, and then its connection is cut. */
function endsEarly(name: string, bytes: string): AnswerCase {
  return {
    name,
    method: "GET",
    bytes,
    closes: true,
    client: bytes.replace(/0\r\nX: y\r\n$/, ""),
    kept: false,
  };
}

/** What is wrong comes in one piece with the head, which has not left yet: the client's connection is just cut. */
function cut(name: string, bytes: string): AnswerCase {
  return { name, method: "GET", bytes, closes: false, client: "", kept: false };
}

/** The app's connection is the body's end, and the client's is not. */
function untilClose(name: string, bytes: string, client: string): AnswerCase {
  return { name, method: "GET", bytes, closes: true, client, kept: true };
}

function ok(lines: string, body = "hello"): string {
  return `${OK}${lines}\r\n${body}`;
}

const FRAMING: readonly AnswerCase[] = [
  invalid("two lengths", ok("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")),
  invalid("the same length twice", ok("Content-Length: 5\r\nContent-Length: 5\r\n")),
  invalid("a list of lengths", ok("Content-Length: 5, 5\r\n")),
  ...["+5", "05", "0x5", "-1", "", "5 5", "18446744073709551621"].map((length) =>
    invalid(`Content-Length "${length}"`, ok(`Content-Length: ${length}\r\n`)),
  ),
  invalid(
    "a length and a coding",
    ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", `5\r\nhello\r\n${LAST}`),
  ),
  ...[
    "xchunked",
    "gzip, chunked",
    "chunked, chunked",
    "identity",
    "",
    "chunked;a",
    "chunked\t",
    "\x0bchunked",
  ].map((coding) =>
    invalid(
      `Transfer-Encoding ${JSON.stringify(coding)}`,
      ok(`Transfer-Encoding: ${coding}\r\n`, `5\r\nhello\r\n${LAST}`),
    ),
  ),
  invalid("two codings", ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", LAST)),
  invalid("a coding in HTTP/1.0", ok("Transfer-Encoding: chunked\r\n", LAST).replace("HTTP/1.1", "HTTP/1.0")),
  invalid("a bad length behind HEAD", ok("Content-Length: 05\r\n", ""), "HEAD"),
  passes("a body of known length", HELLO),
  passes(
    "chunks with extensions",
    `${CHUNKED}005;a=b\r\nhello\r\n0;c\r\n\r\n`,
    `${CHUNKED}5\r\nhello\r\n${LAST}`,
  ),
  passes(
    "trailers",
    `${CHUNKED}${LAST.slice(0, 3)}X-Sum: 1\r\nSet-Cookie: a\r\n\r\n`,
    `${CHUNKED}0\r\nX-Sum: 1\r\n\r\n`,
  ),
  passes("HEAD with a length", ok("Content-Length: 5\r\n", ""), ok("Content-Length: 5\r\n", ""), "HEAD"),
  passes("304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
  passes("204", "HTTP/1.1 204 No Content\r\n\r\n"),
  passes(
    "204 with a length",
    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
  ),
  untilClose("a body until the end", `${OK}\r\nhello`, `${CHUNKED}5\r\nhello\r\n${LAST}`),
];

const HEADS: readonly AnswerCase[] = [
  invalid("a folded field", ok("X: a\r\n b\r\nContent-Length: 5\r\n")),
  invalid("a bare LF that splits the answer", ok("X: a\nSet-Cookie: b\r\nContent-Length: 5\r\n")),
  invalid("a bare CR in a value", ok("X: a\rb\r\nContent-Length: 5\r\n")),
  invalid("a NUL in a value", ok("X: a\0b\r\nContent-Length: 5\r\n")),
  invalid("a space before a colon", ok("Content-Length : 5\r\n")),
  invalid("a field without a name", ok(": x\r\nContent-Length: 5\r\n")),
  invalid("lines that end in bare LF", HELLO.replaceAll("\r\n", "\n")),
  invalid("a status of four digits", HELLO.replace("200", "2000")),
  invalid("a status of two digits", HELLO.replace("200", "20")),
  invalid("status 000", HELLO.replace("200", "000")),
  invalid("status 2x0", HELLO.replace("200", "2x0")),
  invalid("HTTP/2.0", HELLO.replace("HTTP/1.1", "HTTP/2.0")),
  invalid("HTTP/0.9", "hello, world, this is no head at all\r\n\r\n"),
  invalid("an empty line first", `\r\n${HELLO}`),
  invalid("a request in place of an answer", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
  invalid("a head over its limit", ok(`X: ${"a".repeat(40_000)}\r\nContent-Length: 5\r\n`)),
  invalid(
    "101 that nobody asked for",
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n${SECOND}`,
  ),
  passes(
    "hop-by-hop fields",
    ok("Connection: keep-alive, X-Own\r\nX-Own: a\r\nKeep-Alive: timeout=9\r\nContent-Length: 5\r\n"),
    HELLO,
  ),
  passes(
    "Connection that names Content-Length",
    ok("Connection: content-length\r\nContent-Length: 5\r\n"),
    HELLO,
  ),
  passes(
    "Upgrade on a plain answer",
    ok("Upgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 5\r\n"),
    HELLO,
  ),
  passes(
    "fields that speak for the sidecar",
    ok("X-Mesh-Error: a\r\nx-mesh-plugin-skipped: b\r\nContent-Length: 5\r\n"),
    HELLO,
  ),
  passes("a status nobody knows", HELLO.replace("200 OK", "600 Odd"), HELLO.replace("200 OK", "600 ")),
  passes("a reason phrase of its own", HELLO.replace("OK", "Fine\xe9"), HELLO),
  passes("Set-Cookie twice", ok("Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 5\r\n")),
];

const NO_CONTENT = "HTTP/1.1 204 No Content\r\n\r\n";
const NAKED_EARLY = "HTTP/1.1 103 Early Hints\r\n\r\n";
const EARLY = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";

const MANY: readonly AnswerCase[] = [
  passes("103 before the answer", EARLY + HELLO),
  passes("several 1xx", EARLY + EARLY + HELLO),
  passes("100 that nobody asked for", `HTTP/1.1 100 Continue\r\n\r\n${HELLO}`, HELLO),
  invalid(
    "1xx with a coding that is none",
    `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: x\r\n\r\n${HELLO}`,
  ),
  passes("a second answer behind the first", HELLO + SECOND, HELLO),
  passes(
    "a second answer behind chunks",
    `${CHUNKED}5\r\nhello\r\n${LAST}${SECOND}`,
    `${CHUNKED}5\r\nhello\r\n${LAST}`,
  ),
  passes("a body behind HEAD", HELLO, ok("Content-Length: 5\r\n", ""), "HEAD"),
  passes("a body behind 204", `HTTP/1.1 204 No Content\r\n\r\n${SECOND}`, "HTTP/1.1 204 No Content\r\n\r\n"),
  passes(
    "a body behind 304",
    `HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\n${SECOND}`,
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\n",
  ),
  passes("a line end behind the answer", `${HELLO}\r\n`, HELLO),
  cut("a chunk size that is none", `${CHUNKED}5\r\nhello\r\nzz\r\n${SECOND}`),
  cut("a chunk longer than its size", `${CHUNKED}5\r\nhello!\r\n${LAST}`),
  cut("framing among the trailers", `${CHUNKED}5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n`),
  endsEarly("an end within a body of known length", ok("Content-Length: 9\r\n")),
  endsEarly("an end within chunks", `${CHUNKED}5\r\nhello\r\n`),
  endsEarly("an end within trailers", `${CHUNKED}5\r\nhello\r\n0\r\nX: y\r\n`),
];

/** llhttp's test/response/*.md, hyper's and Go's client tests, Envoy's codec tests, "funky chunks" from an app. */
const PEERS: readonly AnswerCase[] = [
  invalid("two spaces before the status", HELLO.replace(" 200", "  200")),
  invalid("a tab before the status", HELLO.replace(" 200", "\t200")),
  invalid("a negative status", HELLO.replace("200", "-20")),
  invalid("ICY", HELLO.replace("HTTP/1.1", "ICY")),
  invalid("HTTP/1.2", HELLO.replace("HTTP/1.1", "HTTP/1.2")),
  invalid("a byte order mark", `\xef\xbb\xbf${HELLO}`),
  ...["O\rK", "O\0K", "OK\nX: y"].map((reason) =>
    invalid(`reason phrase ${JSON.stringify(reason)}`, HELLO.replace("OK", reason)),
  ),
  invalid("Connection that is no list", ok("Connection: @\r\nContent-Length: 5\r\n")),
  invalid("chunked behind an empty element", ok("Transfer-Encoding: ,chunked\r\n", LAST)),
  invalid("identity and a length", ok("Transfer-Encoding: identity\r\nContent-Length: 5\r\n")),
  invalid(
    "101 to h2c that nobody asked for",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
  ),
  passes("no reason phrase", HELLO.replace(" OK", ""), HELLO),
  passes("a hundred heads of 1xx", EARLY.repeat(100) + HELLO),
  passes("100 with a length", `HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n${HELLO}`, HELLO),
  passes(
    "1xx with a coding",
    EARLY.replace("Link: </a>", "Transfer-Encoding: chunked") + HELLO,
    `${NAKED_EARLY}${HELLO}`,
  ),
  passes(
    "204 with a coding",
    `HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n${LAST}`,
    NO_CONTENT,
  ),
  passes("HEAD with a coding", CHUNKED, `${OK}\r\n`, "HEAD"),
  passes("chunks behind HEAD", `${CHUNKED}5\r\nhello\r\n${LAST}`, `${OK}\r\n`, "HEAD"),
  passes(
    "Connection that names Set-Cookie",
    ok("Connection: set-cookie\r\nSet-Cookie: a\r\nContent-Length: 5\r\n"),
    HELLO,
  ),
  untilClose(
    "an answer within an answer",
    `HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n${HELLO}`,
    `HTTP/1.1 302 Found\r\nLocation: /\r\nTransfer-Encoding: chunked\r\n\r\n${HELLO.length.toString(16)}\r\n${HELLO}\r\n${LAST}`,
  ),
  ...["0x5\r\n", " 5\r\n", "5 \r\n", "5\n", "5;a\n", "5 ;a\r\n", "5;\r\n", "+5\r\n", "5_0\r\n"].map((size) =>
    cut(`chunk size line ${JSON.stringify(size)}`, `${CHUNKED}${size}hello\r\n${LAST}`),
  ),
  cut("a chunk that ends in LF", `${CHUNKED}5\r\nhello\n${LAST}`),
  cut("a trailer that ends in LF", `${CHUNKED}0\r\nX: a\n\r\n`),
  cut("Host among the trailers", `${CHUNKED}0\r\nHost: a\r\n\r\n`),
];

export const ANSWER_CASES: readonly AnswerCase[] = [...FRAMING, ...HEADS, ...MANY, ...PEERS];
