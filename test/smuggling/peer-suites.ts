import {
  arrives,
  arrivesAndCloses,
  chunked,
  cut,
  get,
  HOST,
  post,
  refused,
  SMUGGLED,
  type SmugglingCase,
} from "./outcome.ts";

// What the suites and reports of others try beyond the rest of this corpus; each table names where its shapes are from.

function line(text: string): string {
  return `${text}\r\n${HOST}\r\n`;
}

function sized(text: string): string {
  return chunked(`${text}hello\r\n0\r\n\r\n`);
}

function expecting(value: string): string {
  return post(`Expect:${value}\r\nContent-Length: 5\r\n`, "hello");
}

/** Http11Probe (compliance, smuggling, malformed input) and h1spec. */
const PROBES: readonly SmugglingCase[] = [
  ...["HTTP/1", "HTTP/ 1.1", "HTTP/01.01", "HTTP/1,1", "HTTP/1.1x", "HTTP/-1.1", "HTTP/"].map((version) =>
    refused(`version ${version}`, line(`GET / ${version}`)),
  ),
  ...["HTTP/9.9", "HTTP/0.9", "HTTP/3.0"].map((version) =>
    refused(`version ${version}`, line(`GET / ${version}`), 505),
  ),
  refused("a space and no version", "GET / \r\n\r\n"),
  refused("words before the method", line("Extra lineGET / HTTP/1.1")),
  refused("a line of spaces for a request", "   \r\n\r\n"),
  refused("a line of one space before the fields", `GET / HTTP/1.1\r\n \r\n${HOST}\r\n`),
  refused("a method of 33 bytes", line(`${"A".repeat(33)} / HTTP/1.1`)),
  refused("a name over the limit", get(`${"A".repeat(40_000)}: a\r\n`), 431),
  ...["1_0", "-0", "00", "0o5", "0b1", "5,", ",5", "5\t5", "1Z"].map((length) =>
    refused(`length ${JSON.stringify(length)}`, post(`Content-Length: ${length}\r\n`, "0123456789")),
  ),
  refused("an empty length before another", post("Content-Length:\r\nContent-Length: 5\r\n", "hello")),
  ...[
    " y 100-continue",
    " 100-continue, x",
    " 100-continue;a=b",
    "",
    " 100-continue\r\nExpect: 100-continue",
  ].map((value) => refused(`Expect ${JSON.stringify(value)}`, expecting(value), 417)),
  arrives("a target of 7900 bytes", get("", `/${"a".repeat(7900)}`), get("", `/${"a".repeat(7900)}`)),
  arrives("a method of 32 bytes", line(`${"A".repeat(32)} / HTTP/1.1`), line(`${"A".repeat(32)} / HTTP/1.1`)),
  arrives("Expect where no body follows", get("Expect: 100-continue\r\n"), get()),
];

/** http-garden's list of bugs, llhttp's test/request/*.md. */
const GARDEN: readonly SmugglingCase[] = [
  refused("CR and any byte for the empty line", get("\rZGET /evil: x\r\n")),
  refused("chunked between no-break spaces", post("Transfer-Encoding: \xa0chunked\xa0\r\n", "0\r\n\r\n")),
  refused("a next line behind a name", post("Content-Length\x85: 5\r\n", "hello")),
  refused("a length without a colon", post("Content-Length 5\r\n", "hello")),
  refused("a name over two lines", post("Transfer-\r\nEncoding: chunked\r\n", "0\r\n\r\n")),
  refused("a colon for the empty line", get(":\r\nX: a\r\n")),
  refused("a request behind an empty value and two LF", get(`X:\n\n${SMUGGLED}`)),
  refused("a name folded before its colon", get("X\r\n : a\r\n")),
  refused("a version beyond all integers", line("GET / HTTP/4294967295.255")),
  refused("ICE/1.0", line("GET / ICE/1.0")),
  refused("RTSP/1.0", line("PUT / RTSP/1.0")),
  refused("HTTPS/1.1", line("GET / HTTPS/1.1")),
  refused("a method of separators", line('G=":<>(e),[T];?" / HTTP/1.1')),
  cut("a chunk size with an underscore", chunked(`0_2e\r\n\r\n${SMUGGLED}`)),
  cut("an empty chunk size for the last", chunked("\r\n\r\n")),
  cut("CR CR before an extension", chunked(`5\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\n${SMUGGLED}`)),
  cut("an extension behind a space", sized("5 erfrferferf\r\n")),
  arrives(
    "a trailer that would be a request without its name",
    chunked("0\r\nX:POST / HTTP/1.1\r\n\r\n"),
    chunked("0\r\nX: POST / HTTP/1.1\r\n\r\n"),
  ),
];

/** "Funky chunks": who ends a chunk's line, its extension or its data at something else than CRLF. */
const FUNKY_CHUNKS: readonly SmugglingCase[] = [
  cut("TERM.EXT", chunked(`2;\nxx\r\n4c\r\n0\r\n\r\n${SMUGGLED}`)),
  cut("EXT.TERM", chunked("5;a\rhello\r\n0\r\n\r\n")),
  cut("TERM.SPILL", chunked("5\r\nhello\n0\r\n\r\n")),
  cut("SPILL.TERM", chunked("5\r\nhelloX\r\n0\r\n\r\n")),
  cut("ONE.TWO", chunked("5\r\nhelloX0\r\n\r\n")),
  cut("TWO.ONE", chunked("5\r\nhello\rX0\r\n\r\n")),
  cut("ZERO.TWO", chunked("5\r\nhello0\r\n\r\n")),
  cut("an extension of the last chunk that ends in LF", chunked("5\r\nhello\r\n0;\n\r\n")),
  cut("a trailer section that begins with LF", chunked("0\r\n\nX: a\r\n\r\n")),
  cut("a trailer section that ends in LF LF", chunked("0\r\nX: a\n\n")),
  cut("a trailer line of one space", chunked("0\r\n \r\n\r\n")),
];

/** "HTTP/1.1 must die": fields that one of two does not see, 0.CL and CL.0, and requests behind what ends. */
const HIDDEN: readonly SmugglingCase[] = [
  refused("Host behind a space, and another", `GET / HTTP/1.1\r\n Host: b.test\r\n${HOST}\r\n`),
  refused("Host folded into another field", `GET / HTTP/1.1\r\nX: y\n ${HOST}\r\n`),
  refused("a length behind a space", `${get(" Content-Length: 5\r\n")}hello`),
  refused("a length behind LF and a space", `${get("Content-Length:\n 5\r\n")}hello`),
  refused("a length in the value of a field", get("X: \nContent-Length: 5\r\n")),
  refused("a length and a form feed", get("Content-Length: 5\x0c\r\n")),
  refused("an expectation folded", expecting("\r\n 100-continue")),
  arrives(
    "0.CL",
    `${get("Content-Length: 5\r\n", "/con")}hello`,
    `${get("Content-Length: 5\r\n", "/con")}hello`,
  ),
  arrives(
    "CL.0 behind HEAD",
    `${get("Content-Length: 5\r\n").replace("GET", "HEAD")}hello${get("", "/n")}`,
    `${get("Content-Length: 5\r\n").replace("GET", "HEAD")}hello`,
    get("", "/n"),
  ),
  arrivesAndCloses("a request behind Connection: close", get("Connection: close\r\n"), get()),
  arrivesAndCloses("a request behind close in a list", get("Connection: x, CLOSE\r\n"), get()),
  arrivesAndCloses("a request behind close and keep-alive", get("Connection: keep-alive, close\r\n"), get()),
  arrivesAndCloses(
    "a request behind HTTP/1.0 that would be kept",
    get("Connection: keep-alive\r\n").replace("1.1", "1.0"),
    get(),
  ),
  arrives(
    "an upgrade to h2c with a body",
    post(
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\nContent-Length: 5\r\n",
      "hello",
    ),
    post("Content-Length: 5\r\n", "hello"),
  ),
];

/** Go's readrequest and serve tests, Envoy's codec tests, HAProxy's reg-tests/http-messaging. */
const TARGETS: readonly SmugglingCase[] = [
  ...[
    "a.test:80",
    "http://a.test:99999/",
    "http://a.test:/",
    "http://a.test%2fb/",
    "http:/a.test/",
    "http:a.test",
    "ftp://a.test/",
    "?q",
    "!",
    "/\x7f",
    "/a\tb",
    "/a\x0cb",
  ].map((target) => refused(`target ${JSON.stringify(target)}`, get("", target))),
  refused("* and more", line("OPTIONS *x HTTP/1.1")),
  refused("* for POST", line("POST * HTTP/1.1")),
  refused("absolute form without Host", "GET http://a.test/ HTTP/1.1\r\n\r\n"),
  refused("absolute form with an empty Host", "GET http://a.test/ HTTP/1.1\r\nHost:\r\n\r\n"),
  refused("a Host with a negative port", "GET / HTTP/1.1\r\nHost: a.test:-1\r\n\r\n"),
  refused("close with a parameter", get("Connection: close;q=1\r\n")),
  refused("close and what is no token", get("Connection: close, @\r\n")),
  refused("a TLS hello", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"),
  refused("an SSLv2 hello", "\x80\x2e\x01\0\x02"),
  refused("a PROXY line", `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${get()}`),
  refused("a byte order mark", `\xef\xbb\xbf${get()}`),
  cut("a chunk size of seventeen digits", sized("00000000000000005\r\n")),
  cut("a chunk size of 64 bits", sized("ffffffffffffffff\r\n")),
  arrives("a name of every odd token character", get("!#$%&'*+-.^`|~: x\r\n"), get("!#$%&'*+-.^`|~: x\r\n")),
  arrives("a Connection of empty elements", get("Connection: , ,\r\n"), get()),
  arrives(
    "trailers that were announced",
    post("Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
    post("Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
  ),
];

/** RFC 9110 §7.6.2, as HAProxy's and Apache's tests have it. */
function options(limit: string): string {
  return `OPTIONS / HTTP/1.1\r\n${HOST}Max-Forwards: ${limit}\r\n\r\n`;
}

function answeredHere(name: string, bytes: string, status: number): SmugglingCase {
  return { name, bytes, outcome: { statuses: [status], requests: [], connection: "kept", part: false } };
}

const HOPS: readonly SmugglingCase[] = [
  arrives("Max-Forwards counts down for OPTIONS", options("10"), options("9")),
  arrives("Max-Forwards for GET", get("Max-Forwards: 0\r\n"), get("Max-Forwards: 0\r\n")),
  arrives("Max-Forwards that is no number", options("-1"), options("-1")),
  answeredHere("Max-Forwards 0 for OPTIONS", options("0"), 204),
  answeredHere("Max-Forwards 0 for TRACE", options("0").replace("OPTIONS", "TRACE"), 501),
];

export const PEER_CASES: readonly SmugglingCase[] = [
  ...PROBES,
  ...GARDEN,
  ...FUNKY_CHUNKS,
  ...HIDDEN,
  ...TARGETS,
  ...HOPS,
];

const BYTES = [...Array.from({ length: 0x21 }, (_, byte) => byte), 0x7f, 0x80, 0x85, 0xa0, 0xff];

/** Where smuggler and http-request-smuggler put a byte that hides a coding from one of two. */
const PLACES: readonly ((byte: string) => string)[] = [
  (byte) => `Transfer-Encoding:${byte}chunked`,
  (byte) => `Transfer-Encoding${byte}: chunked`,
  (byte) => `${byte}Transfer-Encoding: chunked`,
  (byte) => `Transfer${byte}Encoding: chunked`,
  (byte) => `Transfer-Encoding: chunked${byte}`,
  (byte) => `Transfer-Encoding: chun${byte}ked`,
  (byte) => `X: y\r${byte}Transfer-Encoding: chunked`,
  (byte) => `X: y${byte}\nTransfer-Encoding: chunked`,
  (byte) => `Transfer-Encoding: chunked\r${byte}X: y`,
];

/** Requests with a length and a coding that is hidden so, a byte each; all are to be refused. */
export const HIDDEN_CODINGS: readonly string[] = PLACES.flatMap((place) =>
  BYTES.map((byte) => place(String.fromCharCode(byte)))
    // A line end that is one makes two good lines, which others of this corpus are about.
    .filter((lines) => !lines.includes("\r\n"))
    .map((lines) => post(`Content-Length: 6\r\n${lines}\r\n`, "0\r\n\r\nG")),
);
