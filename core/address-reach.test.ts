import { expect, test } from "vitest";

import { addressAllowed, isOwnAddress, type Reach } from "./address-reach.ts";

const REACHES = ["public", "private", "loopback"] as const satisfies readonly Reach[];

/** How far one must be let for a connection to go there. */
const reachOf = (address: string): Reach | "nobody" =>
  REACHES.find((reach) => addressAllowed(address, reach)) ?? "nobody";

test.for([
  ["93.184.216.34", "public"],
  ["2606:2800:220:1::1", "public"],
  ["10.1.2.3", "private"],
  ["172.16.0.1", "private"],
  ["192.168.0.1", "private"],
  ["100.64.0.1", "private"],
  ["fd12:3456::1", "private"],
  ["127.0.0.1", "loopback"],
  ["127.9.9.9", "loopback"],
  ["::1", "loopback"],
  // IPv4 in IPv6 clothes is what it is in its own.
  ["::ffff:93.184.216.34", "public"],
  ["::ffff:10.1.2.3", "private"],
  ["::ffff:127.0.0.1", "loopback"],
  ["::ffff:169.254.169.254", "nobody"],
  // Link-local, and metadata services.
  ["169.254.169.254", "nobody"],
  ["fe80::1", "nobody"],
  ["100.100.100.200", "nobody"],
  ["168.63.129.16", "nobody"],
  ["fd00:ec2::254", "nobody"],
  ["fd00:0ec2:0::254", "nobody"],
  // No ordinary hosts.
  ["0.0.0.0", "nobody"],
  ["::", "nobody"],
  ["224.0.0.1", "nobody"],
  ["255.255.255.255", "nobody"],
  ["64:ff9b::7f00:1", "nobody"],
  ["2002:7f00:1::", "nobody"],
  ["localhost", "nobody"],
  ["", "nobody"],
] as const)("%s is within the reach of: %s", ([address, reach]) => {
  expect(reachOf(address)).toBe(reach);
});

test("what is this machine's own is known in every spelling", () => {
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
    expect(isOwnAddress(address)).toBe(true);
  for (const address of ["192.0.2.1", "::ffff:192.0.2.1", "localhost"])
    expect(isOwnAddress(address)).toBe(false);
});
