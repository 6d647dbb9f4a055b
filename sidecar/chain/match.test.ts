import { expect, test } from "vitest";
import { requestFacts } from "../../test/support/chain-fixtures.ts";
import type { EntryMatch } from "../../core/chain-document/match.ts";
import { compileMatch } from "./match.ts";

function matches(match: EntryMatch, facts: Parameters<typeof requestFacts>[0]): boolean {
  return compileMatch(match, "chain/test/")?.(requestFacts(facts)) ?? true;
}

test("a match without conditions costs nothing: there is no function to call", () => {
  expect(compileMatch({}, "")).toBeUndefined();
  expect(compileMatch({ methods: [], headers: [], percentage: 100 }, "")).toBeUndefined();
  expect(compileMatch({ path: { prefix: "/" } }, "")).toBeUndefined();
});

test.each([
  ["/api", "/api", true],
  ["/api", "/api/orders", true],
  ["/api", "/apix", false],
  ["/api", "/API", false],
  ["/api", "/", false],
  ["/api/", "/api", true],
  ["/api/", "/api/orders", true],
])("the prefix %s on the path %s: %s", (prefix, path, expected) => {
  expect(matches({ path: { prefix } }, { path })).toBe(expected);
});

test("an exact path is that path only", () => {
  expect(matches({ path: { exact: "/api" } }, { path: "/api" })).toBe(true);
  expect(matches({ path: { exact: "/api" } }, { path: "/api/" })).toBe(false);
});

test("paths are compared in normalised form, or a guard could be walked around", () => {
  const facts = { path: "/x/%2e%2e/private", normalisedPath: "/private" };
  expect(matches({ path: { exact: "/private" } }, facts)).toBe(true);
});

test("a path with dot segments is compared as it was sent too, as an app may read it that resolves none", () => {
  const facts = { path: "/private/../a", normalisedPath: "/a", unresolvedPath: "/private;x/../a" };
  expect(matches({ path: { prefix: "/private" } }, facts)).toBe(true);
  expect(matches({ path: { prefix: "/a" } }, facts)).toBe(true);
  expect(matches({ path: { exact: "/private" } }, facts)).toBe(false);
});

test.each(["/api;v=1/private", "/api/private;a=b;c", "/api/private;"])(
  "parameters do not lead around a guard: %s",
  (path) => {
    expect(matches({ path: { exact: "/api/private" } }, { path })).toBe(true);
    expect(matches({ path: { prefix: "/api/private" } }, { path })).toBe(true);
    expect(matches({ path: { prefix: "/api/private" } }, { path: `${path}/deeper` })).toBe(true);
    expect(matches({ path: { exact: "/api/privat" } }, { path })).toBe(false);
  },
);

test("methods are compared with case, as they are defined", () => {
  const match = { methods: ["GET", "POST"] };
  expect(matches(match, { method: "POST" })).toBe(true);
  expect(matches(match, { method: "get" })).toBe(false);
});

test("a header fits if any of its lines does; its name is compared without case", () => {
  const headers = ["X-Role", "guest", "x-role", "admin"];
  expect(matches({ headers: [{ name: "X-ROLE", value: { exact: "admin" } }] }, { headers })).toBe(true);
  expect(matches({ headers: [{ name: "x-role", value: { exact: "Admin" } }] }, { headers })).toBe(false);
  expect(matches({ headers: [{ name: "x-role", value: { prefix: "gu" } }] }, { headers })).toBe(true);
  expect(matches({ headers: [{ name: "x-role", value: { prefix: "min" } }] }, { headers })).toBe(false);
});

test("a header can be asked to be there or to be missing", () => {
  const present = { headers: [{ name: "x-a", value: { present: true } }] };
  const missing = { headers: [{ name: "x-a", value: { present: false } }] };
  expect(matches(present, { headers: ["X-A", ""] })).toBe(true);
  expect(matches(present, {})).toBe(false);
  expect(matches(missing, { headers: ["X-A", ""] })).toBe(false);
  expect(matches(missing, {})).toBe(true);
});

test("all conditions must hold", () => {
  const match: EntryMatch = { path: { prefix: "/api" }, methods: ["GET"] };
  expect(matches(match, { path: "/api", method: "GET" })).toBe(true);
  expect(matches(match, { path: "/api", method: "PUT" })).toBe(false);
  expect(matches(match, { path: "/", method: "GET" })).toBe(false);
});

function share(match: EntryMatch, addresses: number): Set<number> {
  const inside = new Set<number>();
  for (let i = 0; i < addresses; i++)
    if (matches(match, { remoteIp: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` })) inside.add(i);
  return inside;
}

test("a percentage takes that share of the remote addresses, and 0 nobody", () => {
  // 1,000 expected with a standard deviation of 27.
  expect(Math.abs(share({ percentage: 25 }, 4_000).size - 1_000)).toBeLessThan(140);
  expect(share({ percentage: 0 }, 4_000).size).toBe(0);
});

test("a growing percentage keeps everybody who was in", () => {
  const small = share({ percentage: 10 }, 2_000);
  const large = share({ percentage: 30 }, 2_000);
  expect([...small].every((user) => large.has(user))).toBe(true);
  expect(large.size).toBeGreaterThan(small.size);
});

test("one user stays in one bucket wherever the request comes from, by header or by cookie", () => {
  const byHeader: EntryMatch = { percentage: 50, bucketKey: { kind: "header", name: "X-User" } };
  const byCookie: EntryMatch = { percentage: 50, bucketKey: { kind: "cookie", name: "uid" } };
  for (let user = 0; user < 50; user++) {
    const headers = ["x-user", `u${user}`, "cookie", `a=b; uid=u${user}`];
    const answers = [byHeader, byCookie].flatMap((match) =>
      ["10.0.0.1", "10.0.0.2"].map((remoteIp) => matches(match, { headers, remoteIp })),
    );
    expect(new Set(answers).size).toBe(1);
  }
});

test("where the named key is missing or empty the remote address decides", () => {
  const byHeader: EntryMatch = { percentage: 50, bucketKey: { kind: "header", name: "x-user" } };
  const byAddress: EntryMatch = { percentage: 50 };
  for (let i = 0; i < 50; i++) {
    const remoteIp = `10.0.0.${i}`;
    expect(matches(byHeader, { remoteIp })).toBe(matches(byAddress, { remoteIp }));
    expect(matches(byHeader, { remoteIp, headers: ["x-user", ""] })).toBe(matches(byAddress, { remoteIp }));
  }
});
