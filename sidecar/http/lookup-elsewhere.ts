import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";

import { formatAddress, type Address } from "../../core/address.ts";
import { WireError } from "./wire-error.ts";

/** How names are resolved for connections to a port. */
export type LookupFor = (port: number) => LookupFunction;

/**
 * Resolves names as Node does, for connections to `port`, without addresses that `isOwn`: a request would come back
 * from there for ever. Where no other is left the connection fails with `loop_detected`.
 */
export function lookupElsewhere(port: number, isOwn: (address: Address) => boolean): LookupFunction {
  return (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const others = found.filter(({ address }) => !isOwn({ host: address, port }));
      const [first] = others;
      if (first === undefined) callback(loop({ host: name, port }), []);
      else if (options.all === true) callback(null, others);
      else callback(null, first.address, first.family);
    });
  };
}

function loop(address: Address): WireError {
  return new WireError("loop_detected", `${formatAddress(address)} leads back to this sidecar`);
}
