import { expect, test } from "vitest";

import { isAuthority, isAuthorityWithPort } from "./authority.ts";

test.each([
  "a",
  "shop.example",
  "shop.example:80",
  "10.0.0.1:65535",
  "my_host",
  "[::1]",
  "[::1]:8080",
  "a:0",
  "xn--bcher-kva.example.",
])("%s is a host with an optional port", (text) => {
  expect(isAuthority(text)).toBe(true);
});

test.each([
  ["nothing", ""],
  ["a port without a host", ":80"],
  ["an empty port", "a:"],
  ["a port too high", "a:65536"],
  ["a port of six digits", "a:000080"],
  ["a port that is no number", "a:8o"],
  ["two ports", "a:1:2"],
  ["user info", "user@a"],
  ["a list", "a,b"],
  ["a space", "a b"],
  ["a path", "a/b"],
  ["an escape", "%61.example"],
  ["obs-text", "\u00e9.example"],
  ["an address without brackets", "::1"],
  ["brackets around a name", "[a]"],
  ["empty brackets", "[]"],
  ["a bracket that does not close", "[::1"],
  ["something behind the bracket", "[::1]a"],
  ["a zone", "[fe80::1%eth0]"],
  ["a future address", "[v1.a]"],
])("%s is refused: %j", (_name, text) => {
  expect(isAuthority(text)).toBe(false);
});

test("where a port is needed, its absence is refused", () => {
  expect(isAuthorityWithPort("a:443")).toBe(true);
  expect(isAuthorityWithPort("[::1]:443")).toBe(true);
  expect(isAuthorityWithPort("a")).toBe(false);
  expect(isAuthorityWithPort("[::1]")).toBe(false);
});
