import { lookup, type LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";

import { addressAllowed } from "../../core/address-reach.ts";

type Resolve = (
  name: string,
  options: Parameters<LookupFunction>[1] & { readonly all: true },
  done: (failure: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** Resolves names to allowed addresses only: what was checked is what the socket connects to. */
export function guardedLookup(resolve: Resolve = lookup): LookupFunction {
  return (name, options, done) => {
    resolve(name, { ...options, all: true }, (failure, found) => {
      if (failure !== null) return done(failure, []);
      const allowed = found.filter(({ address }) => addressAllowed(address, "loopback"));
      const [first] = allowed;
      if (first === undefined) return done(new Error(`${name} is at an address that is never called`), []);
      if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}
