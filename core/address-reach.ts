import { networkInterfaces } from "node:os";

import ipaddr from "ipaddr.js";

/** How far connections that somebody else asked for may go. */
export type Reach = "public" | "private" | "loopback";

const PUBLIC = new Set(["unicast"]);
const PRIVATE = new Set(["unicast", "private", "uniqueLocal", "carrierGradeNat"]);
const LOOPBACK = new Set([...PRIVATE, "loopback"]);
const ALLOWED: Readonly<Record<Reach, ReadonlySet<string>>> = {
  public: PUBLIC,
  private: PRIVATE,
  loopback: LOOPBACK,
};

/** Metadata services of clouds outside the link-local ranges; those answer whoever runs on the machine. */
const METADATA = new Set([
  "100.100.100.200",
  "192.0.0.192",
  "168.63.129.16",
  "fd00:ec2::254",
  "fd20:ce::254",
]);

/**
 * Whether a connection that somebody else asked for (a plugin, a webhook) may go to this address. Link-local and
 * metadata addresses never, nor anything that is no ordinary host (unspecified, multicast, broadcast, reserved, tunnels
 * into IPv4); private networks and the loopback only as far as the reach goes. IPv4 in IPv6 clothes is judged as IPv4.
 */
export function addressAllowed(address: string, reach: Reach): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return !METADATA.has(parsed.toString()) && ALLOWED[reach].has(parsed.range());
}

/** Whether this machine, or pod, is behind the address: the loopback, or one that an interface has right now. */
export function isOwnAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() === "loopback") return true;
  const text = parsed.toString();
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return own.some((each) => ipaddr.isValid(each.address) && ipaddr.process(each.address).toString() === text);
}
