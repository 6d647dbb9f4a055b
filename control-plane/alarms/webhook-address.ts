import { lookup as resolveName } from "node:dns";
import type { LookupFunction } from "node:net";

import { addressAllowed } from "../../core/address-reach.ts";

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
