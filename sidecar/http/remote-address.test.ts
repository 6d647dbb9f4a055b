import { assert, array, property, string } from "fast-check";
import { expect, test } from "vitest";

import { HeaderBlock } from "../../core/headers/header-block.ts";
import { RemoteAddressRule } from "./remote-address.ts";
import { networkProblem, TrustedNetworks } from "./trusted-networks.ts";

const UNCONFIGURED = new RemoteAddressRule(new TrustedNetworks([]));
const CONFIGURED = new RemoteAddressRule(new TrustedNetworks(["10.0.0.0/8", "fd00::/8", "192.0.2.9"]));

function forwardedFor(...values: readonly string[]): HeaderBlock {
  return HeaderBlock.fromFlat(values.flatMap((value) => ["X-Forwarded-For", value]));
}

test("without trusted networks the client is the peer, whatever it says", () => {
  expect(UNCONFIGURED.remoteIp("203.0.113.5", forwardedFor("198.51.100.1"))).toBe("203.0.113.5");
});

test("a mapped IPv4 address is told as IPv4", () => {
  expect(UNCONFIGURED.remoteIp("::ffff:127.0.0.1", HeaderBlock.empty)).toBe("127.0.0.1");
});

test.for([
  ["one hop", ["198.51.100.1"], "198.51.100.1"],
  ["what the client invented stands left of its own address", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"],
  ["trusted hops are passed over", ["198.51.100.1, 10.9.9.9, 192.0.2.9"], "198.51.100.1"],
  ["several lines are one list", ["1.1.1.1", "198.51.100.1", "10.9.9.9"], "198.51.100.1"],
  ["ports and brackets are no part of it", ["198.51.100.1:4711, [fd00::7]:80"], "198.51.100.1"],
  ["IPv6 without brackets", ["2001:DB8::1"], "2001:db8::1"],
  ["all trusted: the first of them", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"],
  ["garbage names nobody: the one who wrote it", ["198.51.100.1, unknown, 10.2.2.2"], "10.2.2.2"],
  ["an octal look-alike is garbage", ["010.0.0.1"], "10.0.0.1"],
  ["nothing at all: the peer", [], "10.0.0.1"],
  ["an empty list: the peer", [""], "10.0.0.1"],
] as const)("behind a trusted peer, %s", ([, values, expected]) => {
  expect(CONFIGURED.remoteIp("10.0.0.1", forwardedFor(...values))).toBe(expected);
});

test("a peer outside the trusted networks is not believed", () => {
  expect(CONFIGURED.remoteIp("203.0.113.5", forwardedFor("10.0.0.1"))).toBe("203.0.113.5");
});

test("a list that is longer than any chain of proxies is not walked to its end", () => {
  const long = forwardedFor(["198.51.100.1", ...Array<string>(1_000).fill("10.0.0.2")].join(", "));

  expect(CONFIGURED.remoteIp("10.0.0.1", long)).toBe("10.0.0.2");
});

test("whatever stands in X-Forwarded-For, the answer is an address", () => {
  const anything = property(
    array(string({ unit: "binary-ascii", maxLength: 60 }), { maxLength: 5 }),
    (values) => /^[0-9a-f.:]+$/.test(CONFIGURED.remoteIp("10.0.0.1", forwardedFor(...values))),
  );

  assert(anything);
});

test("the app is told the peer, the protocol and the host", () => {
  expect(UNCONFIGURED.forwardedEdits("::ffff:203.0.113.5", "shop.example", HeaderBlock.empty)).toEqual([
    { name: "X-Forwarded-For", values: ["203.0.113.5"] },
    { name: "X-Forwarded-Proto", values: ["http"] },
    { name: "X-Forwarded-Host", values: ["shop.example"] },
  ]);
});

test("what the app is told is kept for names that can be, and for no other that a client makes up", () => {
  const long = `${"h".repeat(300)}.example`;

  const [shop, other] = ["shop.example", long].map((authority) =>
    UNCONFIGURED.forwardedFields("203.0.113.5", authority),
  );

  expect(UNCONFIGURED.forwardedFields("203.0.113.5", "shop.example")).toBe(shop);
  expect(UNCONFIGURED.forwardedFields("203.0.113.5", long)).not.toBe(other);
  expect(UNCONFIGURED.forwardedFields("203.0.113.5", long)).toEqual(other);
});

test("what came before is kept and the peer appended", () => {
  const headers = HeaderBlock.fromFlat([
    "x-forwarded-for",
    "198.51.100.1",
    "X-Forwarded-Proto",
    "https",
    "X-Forwarded-For",
    "10.0.0.7",
    "X-Forwarded-Host",
    "a.example",
  ]);
  const expected = [{ name: "X-Forwarded-For", values: ["198.51.100.1, 10.0.0.7, 10.0.0.1"] }];

  expect(UNCONFIGURED.forwardedEdits("10.0.0.1", "b.example", headers)).toEqual(expected);
  expect(CONFIGURED.forwardedEdits("10.0.0.1", "b.example", headers)).toEqual(expected);
});

test("a peer outside the trusted networks has its claims replaced", () => {
  const headers = HeaderBlock.fromFlat(["X-Forwarded-For", "10.0.0.1", "X-Forwarded-Proto", "https"]);

  expect(CONFIGURED.forwardedEdits("203.0.113.5", "", headers)).toEqual([
    { name: "X-Forwarded-For", values: ["203.0.113.5"] },
    { name: "X-Forwarded-Proto", values: ["http"] },
  ]);
});

test.for(["10.0.0.0/8", "::/0", "192.0.2.7", "fd00::/8", "0.0.0.0/0"])("%s is a network", (text) => {
  expect(networkProblem(text)).toBeUndefined();
});

test.for([
  "",
  "10.0.0.0/33",
  "10.0.0/8",
  "10/8",
  "a/8",
  "10.0.0.0/8/8",
  "10.0.0.0/",
  "::/129",
  "fe80::1%eth0",
  "1/1",
])("%j is no network", (text) => {
  expect(networkProblem(text)).toMatch("expected a network");
});
