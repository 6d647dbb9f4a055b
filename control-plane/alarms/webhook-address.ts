import { lookup as resolveName } from "node:dns";
import type { LookupFunction } from "node:net";

import { addressAllowed } from "../../core/address-reach.ts";

/**
 * Why a webhook's URL is not called; undefined: it is. Receivers may be in private networks and on this machine, but
 * never at link-local and metadata addresses, which answer whoever asks from here with more than they should.
 */
export function urlProblem(url: URL): string | undefined {
  if (url.protocol !== "https:" && url.protocol !== "http:") return "expected http:// or https://";
  if (url.username !== "" || url.password !== "") return "expected no credentials in the address";
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const literal = host.includes(":") || /^[\d.]+$/.test(host);
  return literal && !addressAllowed(host, "loopback")
    ? `${host} is an address that is never called`
    : undefined;
}

/** Resolves names to allowed addresses only: what was checked is what the socket connects to. */
export const guardedLookup: LookupFunction = (name, options, done) => {
  resolveName(name, { ...options, all: true }, (failure, found) => {
    if (failure !== null) return done(failure, []);
    const allowed = found.filter(({ address }) => addressAllowed(address, "loopback"));
    const [first] = allowed;
    if (first === undefined) return done(new Error(`${name} is at an address that is never called`), []);
    if (options.all === true) done(null, allowed);
    else done(null, first.address, first.family);
  });
};
