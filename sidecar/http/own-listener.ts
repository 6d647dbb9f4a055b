import { hostname } from "node:os";

import ipaddr from "ipaddr.js";

import type { Address } from "../../core/address.ts";
import { isOwnAddress } from "../../core/address-reach.ts";

/** Listening on them is listening on every address; connecting to them is connecting to the loopback. */
const UNSPECIFIED = ["0.0.0.0", "::"];

/**
 * Whether connections to `address` come to what listens at `listening`, an IP address: by that address, an address or
 * the name of this machine where it listens on all of them, or a name of the loopback. What other names resolve to is
 * not asked: `lookupElsewhere` finds that out when a connection is made.
 */
export function leadsTo({ host, port }: Address, listening: Address): boolean {
  if (port !== listening.port) return false;
  const name = host.toLowerCase().replace(/\.$/, "");
  if (!UNSPECIFIED.includes(listening.host)) {
    const own = canonical(listening.host);
    return addressesOf(name).some((each) => canonical(each) === own);
  }
  return name === hostname().toLowerCase() || addressesOf(name).some(isOwnAddress);
}

function addressesOf(name: string): readonly string[] {
  const local = name === "localhost" || name.endsWith(".localhost") || UNSPECIFIED.includes(canonical(name));
  return local ? ["127.0.0.1", "::1"] : [name];
}

/** As the resolver reads it: `127.1` is `127.0.0.1`, and IPv4 in IPv6 clothes is IPv4. */
function canonical(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}
