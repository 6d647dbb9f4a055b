import {
  arrives,
  arrivesThenRefused,
  brokenOff,
  get,
  post,
  refused,
  SMUGGLED,
  type SmugglingCase,
} from "./outcome.ts";

const HELLO = post("Content-Length: 5\r\n", "hello");
const HELLO_CHUNKED = post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n");
const CHUNKS = "5\r\nhello\r\n0\r\n\r\n";

function coding(value: string): string {
  return post(`Transfer-Encoding:${value}\r\n`, CHUNKS);
}

function length(value: string): string {
  return post(`Content-Length:${value}\r\n`, "hello");
}

/** Both lengths, and every spelling of a transfer coding that some parser takes for chunked and some other does not. */
const CODINGS: readonly SmugglingCase[] = [
  refused("CL.TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG")),
  refused("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", `28\r\n${SMUGGLED}0\r\n\r\n`)),
  refused("CL.TE where the length is 0", post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", CHUNKS)),
  refused("CL.TE with an unknown coding", post("Content-Length: 5\r\nTransfer-Encoding: x\r\n", "hello")),
  refused(
    "TE.TE, chunked twice",
    post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
  ),
  refused(
    "TE.TE, identity second",
    post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", CHUNKS),
  ),
  refused(
    "TE.TE, identity first",
    post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
  ),
  refused("TE.TE, unknown second", post("Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n", CHUNKS)),
  refused("chunked, chunked", coding(" chunked, chunked")),
  refused("gzip, chunked", coding(" gzip, chunked"), 501),
  refused("chunked, gzip", coding(" chunked, gzip")),
  refused("identity", coding(" identity")),
  refused("chunked, identity", coding(" chunked, identity")),
  refused("identity, chunked", coding(" identity, chunked"), 501),
  refused("xchunked", coding(" xchunked")),
  refused("chunkedx", coding(" chunkedx")),
  refused("a quoted chunked", coding(' "chunked"')),
  refused("chunked in single quotes", coding(" 'chunked'")),
  refused("chunked with a parameter", coding(" chunked;q=1")),
  refused("chunked behind an empty element", coding(" ,chunked")),
  refused("chunked before an empty element", coding(" chunked,")),
  refused("an empty coding", coding("")),
  refused("a coding of white space", coding(" \t ")),
  refused("chunked with a tab behind it", coding(" chunked\t")),
  refused("chunked behind a vertical tab", coding("\x0bchunked")),
  refused("chunked behind a form feed", coding("\x0cchunked")),
  refused("chunked with a NUL behind it", coding(" chunked\0")),
  refused("chunked behind a no-break space", coding("\xa0chunked")),
  refused("chunked folded", coding("\r\n chunked")),
  refused("chunked folded by a tab", coding("\r\n\tchunked")),
  refused("Transfer-Encoding behind a bare LF", post("X: y\nTransfer-Encoding: chunked\r\n", CHUNKS)),
  refused("Transfer-Encoding behind a bare CR", post("X: y\rTransfer-Encoding: chunked\r\n", CHUNKS)),
  refused("Transfer-Encoding with a space before its colon", post("Transfer-Encoding : chunked\r\n", CHUNKS)),
  refused("Transfer-Encoding with a tab before its colon", post("Transfer-Encoding\t: chunked\r\n", CHUNKS)),
  refused("Transfer-Encoding behind a space", post("X: y\r\n Transfer-Encoding: chunked\r\n", CHUNKS)),
  refused("a coding in HTTP/1.0", coding(" chunked").replace("HTTP/1.1", "HTTP/1.0")),
  refused(
    "CL.TE in HTTP/1.0",
    post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "hello").replace("HTTP/1.1", "HTTP/1.0"),
  ),
  arrives("chunked in capitals", coding(" CHUNKED"), HELLO_CHUNKED),
  arrives("chunked behind a tab", coding("\tchunked"), HELLO_CHUNKED),
  arrives("chunked right behind the colon", coding("chunked"), HELLO_CHUNKED),
  arrives(
    "a chunked GET",
    get("transfer-encoding: chunked\r\n") + CHUNKS,
    get("Transfer-Encoding: chunked\r\n") + CHUNKS,
  ),
  arrives(
    "a field that only looks like a coding",
    post("Transfer-Encodin: chunked\r\nContent-Length: 5\r\n", "hello"),
    post("Transfer-Encodin: chunked\r\nContent-Length: 5\r\n", "hello"),
  ),
];

/** Lengths that parsers read as different numbers, and bodies that do not keep theirs. */
const LENGTHS: readonly SmugglingCase[] = [
  ...["+5", "-5", "05", "005", "0x5", "5.0", "5e0", "5 5", "5,5", "5, 5", "5;5", "", " ", "five", '"5"'].map(
    (value) => refused(`Content-Length "${value}"`, length(` ${value}`)),
  ),
  refused("Content-Length beyond what a number holds", length(" 9007199254740993")),
  refused("Content-Length beyond 64 bits", length(" 18446744073709551621")),
  refused("Content-Length of a thousand digits", length(` ${"1".repeat(1000)}`)),
  refused("Content-Length in superscript", length(" \xb9")),
  refused("Content-Length with a vertical tab behind it", length(" 5\x0b")),
  refused("Content-Length with a NUL behind it", length(" 5\0")),
  refused("Content-Length folded", length("\r\n 5")),
  refused("Content-Length with a space before its colon", post("Content-Length : 5\r\n", "hello")),
  refused("the same length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
  refused("two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")),
  refused("two lengths in two cases", post("Content-Length: 5\r\ncontent-length: 0\r\n", "hello")),
  arrives("Content-Length with white space around it", length(" \t5 \t"), HELLO),
  arrives("Content-Length in small letters", post("content-length: 5\r\n", "hello"), HELLO),
  arrives("Content-Length 0 on POST", post("Content-Length: 0\r\n"), post("Content-Length: 0\r\n")),
  arrives("POST without a length", post(""), post("Content-Length: 0\r\n")),
  arrives("Content-Length 0 on GET", get("Content-Length: 0\r\n"), get()),
  arrives("a body on GET", `${get("Content-Length: 5\r\n")}hello`, `${get("Content-Length: 5\r\n")}hello`),
  arrives("a request behind a body", HELLO + SMUGGLED.replace("smuggled", "next"), HELLO, get("", "/next")),
  arrives(
    "a request hidden in a body",
    post(`Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED),
    post(`Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED),
  ),
  arrivesThenRefused("a body longer than its length", `${HELLO}there\r\n\r\n`, HELLO),
  arrivesThenRefused("a line end behind a body", `${HELLO}\r\n${SMUGGLED}`, HELLO),
  arrivesThenRefused("GET without a length, and a body", `${get()}{"a":1}`, get()),
  brokenOff("a body shorter than its length", post("Content-Length: 50\r\n", SMUGGLED)),
  brokenOff("a chunked body without an end", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n")),
];

export const FRAMING_CASES: readonly SmugglingCase[] = [...CODINGS, ...LENGTHS];
