import { networkInterfaces } from "node:os";

import { assert, constantFrom, property, string } from "fast-check";
import { expect, test } from "vitest";

import { addressAllowed, isOwnAddress } from "../../../core/address-reach.ts";
import { globMatches, parseFetchPattern, type FetchPattern } from "./fetch-pattern.ts";

const pattern = (text: string): FetchPattern => {
  const parsed = parseFetchPattern(text);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
};
const allows = (text: string, url: string): boolean => pattern(text).matches(new URL(url));

test("a pattern takes its own scheme, host, port and paths, and nothing beside them", () => {
  expect(allows("https://auth.internal/*", "https://auth.internal/check?user=1")).toBe(true);
  expect(allows("https://auth.internal/*", "https://AUTH.internal:443/")).toBe(true);
  expect(allows("https://auth.internal/*", "http://auth.internal/")).toBe(false);
  expect(allows("https://auth.internal/*", "https://auth.internal:8443/")).toBe(false);
  expect(allows("https://auth.internal/*", "https://auth.internal.evil.example/")).toBe(false);
  expect(allows("https://auth.internal/v1/*", "https://auth.internal/v1/../admin")).toBe(false);
  expect(allows("http://127.0.0.1:9000/status", "http://127.0.0.1:9000/status")).toBe(true);
  expect(allows("http://127.0.0.1:9000/status", "http://127.0.0.1:9000/status2")).toBe(false);
});

test("the path is compared without the query, which no star of a path reaches into", () => {
  expect(allows("https://a.example/*/public", "https://a.example/secret?x=/public")).toBe(false);
  expect(allows("https://a.example/v1/status", "https://a.example/v1/status?verbose=1")).toBe(true);
  expect(allows("https://a.example/v1/*?key=*", "https://a.example/v1/x?key=7")).toBe(true);
  expect(allows("https://a.example/v1/*?key=*", "https://a.example/v1/x?other=7")).toBe(false);
  expect(allows("https://a.example/v1/*?key=*", "https://a.example/v1/x")).toBe(false);
});

test.each(["/v1/..%2fadmin", "/v1/%2e%2e%2Fadmin", "/v1/..%5Cadmin", "/v1/..;a=1/admin", "/v1/x%2f.."])(
  "%s is no path below /v1, whoever decodes it",
  (path) => {
    expect(allows("https://a.example/v1/*", `https://a.example${path}`)).toBe(false);
    expect(allows("https://a.example/v1/*", "https://a.example/v1/a%2fb/c..d")).toBe(true);
  },
);

test("a wildcard host takes names below it, not the name itself nor one that only ends alike", () => {
  expect(allows("https://*.example.com/*", "https://a.b.example.com/")).toBe(true);
  expect(allows("https://*.example.com/*", "https://example.com/")).toBe(false);
  expect(allows("https://*.example.com/*", "https://evilexample.com/")).toBe(false);
});

test.each([
  ["ftp://a.example/*", /not a fetch pattern/],
  ["https://a.example", /not a fetch pattern/],
  ["https://user@a.example/", /not a fetch pattern/],
  ["https://a.*.example/", /must be a name/],
  ["https://a.example:99999/", /above 65535/],
  ["*", /not a fetch pattern/],
])("%s is refused with a reason", (text, reason) => {
  expect(parseFetchPattern(text)).toMatch(reason);
});

test("only a host written in full reaches private networks, only a loopback name the loopback", () => {
  expect(pattern("https://*/*").reach).toBe("public");
  expect(pattern("https://*.internal/*").reach).toBe("public");
  expect(pattern("https://auth.internal/*").reach).toBe("private");
  expect(pattern("http://localhost:9000/*").reach).toBe("loopback");
  expect(pattern("http://[::1]:9000/*").reach).toBe("loopback");
});

test.each([
  ["93.184.216.34", "public", true],
  ["10.1.2.3", "public", false],
  ["10.1.2.3", "private", true],
  ["fd12::1", "private", true],
  ["127.0.0.1", "private", false],
  ["::ffff:127.0.0.1", "private", false],
  ["127.0.0.1", "loopback", true],
  ["169.254.169.254", "loopback", false],
  ["::ffff:169.254.169.254", "loopback", false],
  ["fe80::1", "loopback", false],
  ["fd00:ec2::254", "loopback", false],
  ["100.100.100.200", "private", false],
  ["0.0.0.0", "loopback", false],
  ["::", "loopback", false],
  ["224.0.0.1", "public", false],
  ["64:ff9b::a9fe:a9fe", "loopback", false],
  ["2002:a9fe:a9fe::", "loopback", false],
  ["not an address", "loopback", false],
] as const)("address %s at reach %s: %s", (address, reach, allowed) => {
  expect(addressAllowed(address, reach)).toBe(allowed);
});

test("this machine is known by every address that it has", () => {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);

  expect(own.every(({ address }) => isOwnAddress(address))).toBe(true);
  expect(["127.8.9.1", "::1", "::ffff:127.0.0.1"].every(isOwnAddress)).toBe(true);
  expect(["192.0.2.1", "2001:db8::1", "nonsense"].some(isOwnAddress)).toBe(false);
});

test("a glob means what the regular expression made of it means", () => {
  const letters = string({ unit: constantFrom("a", "b", "*"), maxLength: 8 });
  const text = string({ unit: constantFrom("a", "b"), maxLength: 12 });
  const holds = property(letters, text, (glob, value) => {
    const expression = new RegExp(`^${glob.replace(/\*+/g, ".*")}$`);
    return globMatches(glob, value) === expression.test(value);
  });
  expect(() => assert(holds, { numRuns: 2000 })).not.toThrow();
});
