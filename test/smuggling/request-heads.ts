import { arrives, get, HOST, post, refused, SMUGGLED, type SmugglingCase } from "./outcome.ts";

function line(text: string): string {
  return `${text}\r\n${HOST}\r\n`;
}

function host(value: string): string {
  return `GET / HTTP/1.1\r\nHost:${value}\r\n\r\n`;
}

const LINES: readonly SmugglingCase[] = [
  refused("two spaces behind the method", line("GET  / HTTP/1.1")),
  refused("a tab behind the method", line("GET\t/ HTTP/1.1")),
  refused("two spaces behind the target", line("GET /  HTTP/1.1")),
  refused("a space behind the version", line("GET / HTTP/1.1 ")),
  refused("a space in the target", line("GET /a b HTTP/1.1")),
  refused("a request within the target", line("GET / HTTP/1.1 /x HTTP/1.1")),
  refused("a space before the method", line(" GET / HTTP/1.1")),
  refused("an empty line before the request", `\r\n${get()}`),
  refused("a bare LF before the request", `\n${get()}`),
  refused("no target", line("GET HTTP/1.1")),
  refused("HTTP/0.9", "GET /\r\n"),
  refused("a request line that ends in a bare LF", `GET / HTTP/1.1\n${HOST}\r\n`),
  refused("a request line that ends in a bare CR", `GET / HTTP/1.1\r${HOST}\r\n`),
  refused("lines that end in bare LF", "GET / HTTP/1.1\nHost: a.test\n\n"),
  refused("HTTP/1.2", line("GET / HTTP/1.2"), 505),
  refused("HTTP/2.0", line("GET / HTTP/2.0"), 505),
  refused("HTTP/1.10", line("GET / HTTP/1.10")),
  refused("HTTP/01.1", line("GET / HTTP/01.1")),
  refused("a version in small letters", line("GET / http/1.1")),
  refused("a method with a colon", line("GE:T / HTTP/1.1")),
  refused("a method with a NUL", line("GET\0 / HTTP/1.1")),
  refused("a method with a high byte", line("G\xc9T / HTTP/1.1")),
  refused("PRI", line("PRI * HTTP/1.1")),
  refused("a fragment", line("GET /a#b HTTP/1.1")),
  refused("a NUL in the target", line("GET /a\0b HTTP/1.1")),
  refused("a high byte in the target", line("GET /\xe9 HTTP/1.1")),
  refused("a target without a slash", line("GET a HTTP/1.1")),
  refused("* for GET", line("GET * HTTP/1.1")),
  refused("https in absolute form", line("GET https://a.test/ HTTP/1.1")),
  refused("absolute form without a host", line("GET http:///a HTTP/1.1")),
  refused("absolute form with user info", line("GET http://a.test@b.test/ HTTP/1.1")),
  refused("absolute form with a backslash", line("GET http://a.test\\@b.test/ HTTP/1.1")),
  refused("CONNECT to a path", line("CONNECT /a HTTP/1.1")),
  refused("CONNECT without a port", line("CONNECT a.test HTTP/1.1")),
  refused("CONNECT with a body", `CONNECT a.test:1 HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`),
  refused(
    "CONNECT with chunks",
    `CONNECT a.test:1 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ),
  refused("TRACE with a body", `TRACE / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`),
  refused("TRACE with chunks", `TRACE / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  ...["/../a", "/%2e%2e/a", "/a%2fb", "/a%5cb", "/a\\b", "/%00", "/a;/..;/b", "/%zz", "/%"].map((target) =>
    refused(`the path ${target}`, get("", target)),
  ),
  arrives(
    "absolute form",
    line("GET http://b.test/x?y HTTP/1.1"),
    "GET /x?y HTTP/1.1\r\nHost: b.test\r\n\r\n",
  ),
  arrives(
    "absolute form without a path",
    line("GET HTTP://b.test?y HTTP/1.1"),
    "GET /?y HTTP/1.1\r\nHost: b.test\r\n\r\n",
  ),
  arrives("OPTIONS *", line("OPTIONS * HTTP/1.1"), line("OPTIONS * HTTP/1.1")),
  arrives("a method nobody knows", line("get / HTTP/1.1"), line("get / HTTP/1.1")),
  arrives("HTTP/1.0", line("GET / HTTP/1.0"), get()),
];

const HOSTS: readonly SmugglingCase[] = [
  refused("no Host", "GET / HTTP/1.1\r\n\r\n"),
  refused("two Hosts", get("Host: b.test\r\n")),
  refused("the same Host twice", get(HOST)),
  refused("two Hosts in two cases", get("hOST: b.test\r\n")),
  refused("two Hosts, absolute form", `GET http://a.test/ HTTP/1.1\r\n${HOST}Host: b.test\r\n\r\n`),
  refused("two Hosts in HTTP/1.0", get("Host: b.test\r\n").replace("1.1", "1.0")),
  ...[
    "",
    " ",
    " a.test, b.test",
    " a.test b.test",
    " a.test/x",
    " u@a.test",
    " a.test:",
    " a.test:99999",
    " a.test:0x50",
    " a.test:80:80",
    " [::1",
    " [::1%25eth0]",
    " a%2etest",
    " a.test\0",
    " a.test\x7f",
    " ä",
    " http://a.test",
  ].map((value) => refused(`Host "${value}"`, host(value))),
  refused("Host folded", host("\r\n a.test")),
  refused("Host behind a space", "GET / HTTP/1.1\r\n Host: a.test\r\n\r\n"),
  refused("Host with a space before its colon", "GET / HTTP/1.1\r\nHost : a.test\r\n\r\n"),
  arrives("Host with a port", host(" a.test:80"), host(" a.test:80")),
  arrives("Host in brackets", host(" [::1]:80"), host(" [::1]:80")),
  arrives("Host with white space around it", host("\ta.test \t"), host(" a.test")),
];

const FIELDS: readonly SmugglingCase[] = [
  refused("a folded field", get("X: a\r\n b\r\n")),
  refused("a folded field that hides a request", get(`X: a\r\n ${SMUGGLED}`)),
  refused("a space in a name", get("X Y: a\r\n")),
  refused("a space before a colon", get("X : a\r\n")),
  refused("no name", get(": a\r\n")),
  refused("no colon", get("Xa\r\n")),
  refused("a NUL in a name", get("X\0: a\r\n")),
  refused("a NUL in a value", get("X: a\0b\r\n")),
  refused("a control in a value", get("X: a\x01b\r\n")),
  refused("DEL in a value", get("X: a\x7fb\r\n")),
  refused("a bare LF in a value", get("X: a\nTransfer-Encoding: chunked\r\n")),
  refused("a bare CR in a value", get("X: a\rb\r\n")),
  refused("CR CR LF", get("X: a\r\r\n")),
  refused("a high byte in a name", get("X\xe9: a\r\n")),
  refused("a bracket in a name", get("X(: a\r\n")),
  refused("a bare LF for the empty line", `GET / HTTP/1.1\r\n${HOST}\n`),
  refused("more fields than the limit", get("X: a\r\n".repeat(300)), 431),
  refused("more bytes than the limit", get(`X: ${"a".repeat(40_000)}\r\n`), 431),
  refused("a target over the limit", get("", `/${"a".repeat(9000)}`), 414),
  refused("Connection that is no list", get("Connection: @\r\n")),
  refused("an expectation nobody can meet", post("Expect: 200-ok\r\nContent-Length: 0\r\n"), 417),
  arrives("white space around a value", get("X: \t a b \t\r\n"), get("X: a b\r\n")),
  arrives("an empty value", get("X:\r\n"), get("X: \r\n")),
  arrives("high bytes in a value", get("X: \xc3\xa4\r\n"), get("X: \xc3\xa4\r\n")),
  arrives(
    "repeated fields in their order and case",
    get("x-A: 1\r\nX-a: 2\r\n"),
    get("x-A: 1\r\nX-a: 2\r\n"),
  ),
];

const HOP_BY_HOP: readonly SmugglingCase[] = [
  arrives("Connection that names a field", get("X-Web-User: a\r\nConnection: x-web-user\r\n"), get()),
  arrives("Connection that names Host", get("Connection: host\r\n"), get()),
  arrives(
    "Connection that names Content-Length",
    post("Connection: content-length\r\nContent-Length: 5\r\n", "hello"),
    post("Content-Length: 5\r\n", "hello"),
  ),
  arrives(
    "Connection that names Transfer-Encoding",
    post("Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
  ),
  arrives(
    "two Connection fields",
    get("Connection: a\r\nA: 1\r\nB: 2\r\nConnection: b\r\nC: 3\r\n"),
    get("C: 3\r\n"),
  ),
  arrives(
    "Keep-Alive and Proxy-Connection",
    get("Keep-Alive: timeout=9\r\nProxy-Connection: close\r\n"),
    get(),
  ),
  arrives("a proxy's credentials", get("Proxy-Authorization: Basic x\r\n"), get()),
  arrives(
    "an upgrade to h2c",
    get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"),
    get(),
  ),
  arrives("an upgrade to nothing known", get("Connection: upgrade\r\nUpgrade: foo\r\n"), get()),
  arrives("an upgrade that Connection does not name", get("Upgrade: websocket\r\n"), get()),
  arrives(
    "a WebSocket over POST",
    post("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n", "hello"),
    post("Content-Length: 5\r\n", "hello"),
  ),
  arrives(
    "TE",
    get("TE: gzip, trailers;q=0.5, trailers\r\nConnection: TE\r\n"),
    get("TE: trailers\r\nConnection: TE\r\n"),
  ),
  arrives("TE without trailers", get("TE: gzip\r\nConnection: TE\r\n"), get()),
  arrives(
    "fields that speak for the sidecar",
    get("X-Mesh-Path: /\r\nx-mesh-plugin-skipped: a\r\nX-MESH-X: 1\r\n"),
    get(),
  ),
  arrives(
    "three requests in one piece",
    get("", "/1") + get("", "/2") + get("", "/3"),
    get("", "/1"),
    get("", "/2"),
    get("", "/3"),
  ),
];

export const HEAD_CASES: readonly SmugglingCase[] = [...LINES, ...HOSTS, ...FIELDS, ...HOP_BY_HOP];
