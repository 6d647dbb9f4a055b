import { arrives, arrivesThenRefused, chunked, cut, SMUGGLED, type SmugglingCase } from "./outcome.ts";

const HELLO = chunked("5\r\nhello\r\n0\r\n\r\n");
const LAST = "0\r\n\r\n";

function sized(line: string): string {
  return chunked(`${line}hello\r\n${LAST}`);
}

const SIZES: readonly SmugglingCase[] = [
  ...["0x5", "+5", "-5", " 5", "5 ", "\t5", "5\t", "", "G", "5h", "5.", "5,", "5\0", "\xb5", '"5"'].map(
    (size) => cut(`chunk size "${size}"`, sized(`${size}\r\n`)),
  ),
  cut("a chunk size over 64 bits", sized("10000000000000005\r\n")),
  cut("a chunk size with fourteen digits", sized("00000000000005\r\n")),
  cut("a chunk size line that ends in a bare LF", sized("5\n")),
  cut("a chunk size line that ends in a bare CR", sized("5\r")),
  cut("a chunk size line that ends in LF CR", sized("5\n\r")),
  cut("a chunk size line that ends in two CR", sized("5\r\r\n")),
  cut("a chunk longer than its size", chunked(`5\r\nhello!\r\n${LAST}`)),
  cut("a chunk shorter than its size", chunked(`5\r\nhell\r\n${LAST}`)),
  cut("a chunk that ends in a bare LF", chunked(`5\r\nhello\n${LAST}`)),
  cut("a chunk that ends in a bare CR", chunked(`5\r\nhello\r${LAST}`)),
  cut("a chunk without a line end", chunked(`5\r\nhello${LAST}`)),
  cut("a chunk with two line ends", chunked(`5\r\nhello\r\n\r\n${LAST}`)),
  cut("a last chunk with a bare LF", chunked("5\r\nhello\r\n0\n\r\n")),
  cut("a last chunk and a bare LF", chunked("5\r\nhello\r\n0\r\n\n")),
  cut("a last chunk of 0x0", chunked("5\r\nhello\r\n0x0\r\n\r\n")),
  arrives("chunk sizes with zeros before them", chunked("0000000000005\r\nhello\r\n000\r\n\r\n"), HELLO),
  arrives(
    "chunk sizes in capitals",
    chunked(`A\r\nhellohello\r\n${LAST}`),
    chunked(`a\r\nhellohello\r\n${LAST}`),
  ),
  arrives("a body of a last chunk", chunked(LAST), chunked(LAST)),
  arrives(
    "a request hidden in a chunk",
    chunked(`${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n${LAST}`),
    chunked(`${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n${LAST}`),
  ),
  arrivesThenRefused("two last chunks", HELLO + LAST, HELLO),
];

const EXTENSIONS: readonly SmugglingCase[] = [
  ...["5;a", "5;a=b", '5;a="b"', '5;a="b;c=d"', '5;a="\\""', "5;a=b;c;d=e", '5;a=""'].map((line) =>
    arrives(`chunk extension ${line}`, sized(`${line}\r\n`), HELLO),
  ),
  arrives("an extension on the last chunk", chunked("5\r\nhello\r\n0;a=b\r\n\r\n"), HELLO),
  ...[
    "5;",
    "5; a",
    "5 ;a",
    "5;a=",
    "5;a =b",
    "5;=b",
    '5;a="b',
    '5;a="b"c',
    "5;a;",
    "5;a=b=c",
    "5;a\0",
    '5;a="\x01"',
  ].map((line) => cut(`chunk extension ${JSON.stringify(line)}`, sized(`${line}\r\n`))),
  cut("an extension that ends in a bare LF", sized("5;a=b\n")),
  cut("an extension with a bare CR", sized("5;a=b\rc\r\n")),
  cut("a line end between quotes", sized('5;a="\r\n"\r\n')),
  cut("a request between quotes", chunked(`5;a="\r\nhello\r\n0\r\n\r\n${SMUGGLED}"\r\n`)),
  cut("an extension without an end", sized(`5;${"a".repeat(2000)}\r\n`)),
];

function trailers(lines: string): string {
  return chunked(`5\r\nhello\r\n0\r\n${lines}\r\n`);
}

const TRAILERS: readonly SmugglingCase[] = [
  arrives("a trailer", trailers("X-Sum: 1\r\n"), trailers("X-Sum: 1\r\n")),
  arrives(
    "trailers that must not be merged",
    trailers("Authorization: x\r\nSet-Cookie: a\r\nX-Sum: 1\r\n"),
    trailers("X-Sum: 1\r\n"),
  ),
  arrives("a trailer that speaks for the sidecar", trailers("X-Mesh-Path: /\r\n"), HELLO),
  arrives("a trailer that says who the client is", trailers("X-Forwarded-For: 192.0.2.1\r\n"), HELLO),
  arrives(
    "trailers that CGI-style apps take for what must not be merged",
    trailers("Content_Length: 5\r\nx_forwarded_for: 192.0.2.1\r\nSET_COOKIE: a\r\nx_sum: 1\r\n"),
    trailers("x_sum: 1\r\n"),
  ),
  ...[
    "Content-Length: 5",
    "Transfer-Encoding: chunked",
    "Host: b",
    "Connection: close",
    "Upgrade: h2c",
    "TE: x",
  ].map((line) => cut(`${line} among the trailers`, trailers(`${line}\r\n`))),
  cut("a request among the trailers", trailers(SMUGGLED)),
  cut("a folded trailer", trailers("X-Sum: 1\r\n 2\r\n")),
  cut("a trailer with a space before its colon", trailers("X-Sum : 1\r\n")),
  cut("a trailer that ends in a bare LF", trailers("X-Sum: 1\n")),
  cut("a trailer with a bare CR", trailers("X-Sum: 1\rTransfer-Encoding: chunked\r\n")),
  cut("a trailer with a NUL", trailers("X-Sum: \0\r\n")),
  cut("a trailer without a colon", trailers("X-Sum\r\n")),
  cut("a trailer without a name", trailers(": 1\r\n")),
  cut("trailers over their limit", trailers(`X-Sum: ${"1".repeat(9000)}\r\n`), 431),
];

export const CHUNK_CASES: readonly SmugglingCase[] = [...SIZES, ...EXTENSIONS, ...TRAILERS];
