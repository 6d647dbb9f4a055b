import { data, FLAG, headers, type Field } from "../support/http2-frames.ts";
import { END, GET, post, type ConformanceCase, type ConformanceSection } from "./conformance-case.ts";

const MALFORMED = ["STREAM PROTOCOL_ERROR", "CONNECTION PROTOCOL_ERROR"] as const;

function malformed(name: string, fields: readonly Field[]): ConformanceCase {
  return { name, sends: [headers(1, fields, END)], expects: MALFORMED };
}

function replaced(name: string, value: string): Field[] {
  return GET.map(([key, old]) => [key, key === name ? value : old]);
}

function without(name: string): Field[] {
  return GET.filter(([key]) => key !== name);
}

function broken(name: string, ...sends: readonly Buffer[]): ConformanceCase {
  return { name, sends, expects: MALFORMED };
}

export const MESSAGE_CASES: readonly ConformanceSection[] = [
  {
    section: "8.1 framing",
    cases: [
      broken(
        "a second HEADERS that does not end the stream",
        post(),
        headers(1, [["x", "y"]], FLAG.endHeaders),
      ),
      broken("a pseudo-header in trailers", post(), data(1, "x"), headers(1, [[":method", "GET"]], END)),
      broken("an upper-case name in trailers", post(), data(1, "x"), headers(1, [["X", "y"]], END)),
      broken(
        "content-length that is not the length of one DATA",
        post(1, ["content-length", "1"]),
        data(1, "test", FLAG.endStream),
      ),
      broken(
        "content-length that is not the length of several DATA",
        post(1, ["content-length", "1"]),
        data(1, "te"),
        data(1, "st", FLAG.endStream),
      ),
      broken(
        "content-length above the body",
        post(1, ["content-length", "9"]),
        data(1, "test", FLAG.endStream),
      ),
      broken(
        "content-length above the body, which trailers end",
        post(1, ["content-length", "9"]),
        data(1, "test"),
        headers(1, [["x", "y"]], END),
      ),
      malformed("content-length without a body", [...GET, ["content-length", "1"]]),
      malformed("content-length that overflows", [...GET, ["content-length", "18446744073709551617"]]),
      malformed("two content-lengths", [...GET, ["content-length", "0"], ["content-length", "0"]]),
    ],
  },
  {
    section: "8.2 fields",
    cases: [
      malformed("an upper-case name", [...GET, ["X-TEST", "ok"]]),
      malformed("connection", [...GET, ["connection", "keep-alive"]]),
      malformed("keep-alive", [...GET, ["keep-alive", "timeout=5"]]),
      malformed("proxy-connection", [...GET, ["proxy-connection", "keep-alive"]]),
      malformed("transfer-encoding", [...GET, ["transfer-encoding", "chunked"]]),
      malformed("upgrade", [...GET, ["upgrade", "h2c"]]),
      malformed("te other than trailers", [...GET, ["te", "trailers, deflate"]]),
      { name: "te: trailers", sends: [headers(1, [...GET, ["te", "trailers"]], END)], expects: ["answered"] },
    ],
  },
  {
    section: "8.3 pseudo-headers",
    cases: [
      malformed("an unknown one", [...GET, [":test", "ok"]]),
      malformed("one of answers", [...GET, [":status", "200"]]),
      malformed("behind a field", [["x-test", "ok"], ...GET]),
      malformed("one behind a field", [...without(":path"), ["x-test", "ok"], [":path", "/"]]),
      malformed("an empty :path", replaced(":path", "")),
      malformed("no :method", without(":method")),
      malformed("no :scheme", without(":scheme")),
      malformed("no :path", without(":path")),
      malformed("none at all", [["x-test", "ok"]]),
      malformed("two :method", [...GET, [":method", "GET"]]),
      malformed("two :scheme", [...GET, [":scheme", "http"]]),
      malformed("two :path", [...GET, [":path", "/"]]),
      malformed("two :authority", [...GET, [":authority", "app.test"]]),
      malformed("an upper-case one", [...without(":method"), [":METHOD", "GET"]]),
      malformed("CONNECT with :path and :scheme", replaced(":method", "CONNECT")),
      malformed("CONNECT without :authority", [[":method", "CONNECT"]]),
      malformed(":protocol, which was not announced", [
        ...replaced(":method", "CONNECT"),
        [":protocol", "websocket"],
      ]),
    ],
  },
];
