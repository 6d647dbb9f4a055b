import { expect, test } from "vitest";

import { HeaderBlock } from "./header-block.ts";
import { withoutHopByHop } from "./hop-by-hop.ts";

function forwarded(...flat: string[]): string[] {
  return withoutHopByHop(HeaderBlock.fromFlat(flat)).toFlat();
}

test.each([
  "Connection",
  "Keep-Alive",
  "Proxy-Connection",
  "Transfer-Encoding",
  "Content-Length",
  "Upgrade",
  "Expect",
  "Proxy-Authenticate",
  "Proxy-Authorization",
])("%s ends at this hop", (name) => {
  expect(forwarded("a", "1", name, "x", "b", "2", name.toUpperCase(), "y")).toEqual(["a", "1", "b", "2"]);
});

test("every other field goes on in its order and case, Host and Trailer among them, on the same text", () => {
  const headers = HeaderBlock.fromFlat(["HOST", "a", "x-A", "1", "Trailer", "x-sum", "x-a", "2"]);

  expect(withoutHopByHop(headers)).toBe(headers);
});

test("what Connection names ends here, in all its lines and whatever the case", () => {
  const flat = [
    "X-One",
    "1",
    "Connection",
    "x-one, close",
    "x-two",
    "2",
    "CONNECTION",
    "X-TWO",
    "x-three",
    "3",
  ];

  expect(forwarded(...flat)).toEqual(["x-three", "3"]);
});

test("Connection cannot take Host away", () => {
  expect(forwarded("Host", "a", "Connection", "host")).toEqual(["Host", "a"]);
});

test("Connection cannot take away what was said of the client, which this hop adds to", () => {
  const said = ["X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https", "x-forwarded-host", "a"];

  expect(forwarded("Connection", "x-forwarded-for, X-Forwarded-Proto, x-forwarded-host", ...said)).toEqual(
    said,
  );
});

test("of TE only `trailers` goes on, though Connection names it", () => {
  expect(forwarded("Connection", "TE", "te", "Trailers")).toEqual(["te", "Trailers"]);
  expect(forwarded("TE", "deflate;q=0.5 , \ttrailers , gzip")).toEqual(["TE", "trailers"]);
  expect(forwarded("TE", "deflate")).toEqual([]);
  expect(forwarded("TE", "")).toEqual([]);
});

test("a plain Connection removes itself only", () => {
  expect(forwarded("Connection", "keep-alive", "a", "1")).toEqual(["a", "1"]);
  expect(forwarded("Connection", "Upgrade", "Upgrade", "websocket", "a", "1")).toEqual(["a", "1"]);
});
