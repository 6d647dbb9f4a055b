import { lookup as resolveName, type LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";

import { Agent } from "undici";

import { MeshError } from "../../../core/errors.ts";
import { addressAllowed } from "./address-rules.ts";
import type { FetchReach } from "./fetch-pattern.ts";

/** A plugin's fetch that was not, or could not be, made; the text goes to the plugin. */
export class FetchRefused extends MeshError<"fetch_refused"> {
  constructor(message: string) {
    super(message, { code: "fetch_refused", source: "plugin" });
  }
}

/** Resolves names to allowed addresses only: what was checked is what the socket connects to. */
function guardedLookup(reach: FetchReach): LookupFunction {
  return (name, options, done) => {
    resolveName(name, { ...options, all: true }, (failure, found) => {
      if (failure !== null) return done(failure, []);
      const allowed = found.filter(({ address }) => addressAllowed(address, reach));
      const [first] = allowed;
      if (first === undefined) return done(new FetchRefused(refusal(name, found, reach)), []);
      if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}

function refusal(name: string, found: readonly LookupAddress[], reach: FetchReach): string {
  const addresses = found.map(({ address }) => address).join(", ");
  return `${name} is at ${addresses}, which this plugin may not reach (its pattern's reach is ${reach})`;
}

/** Connections to what one reach allows. An address in a URL is not looked up: `assertLiteral` judges that. */
export function guardedAgent(reach: FetchReach, connectTimeout: number): Agent {
  return new Agent({
    connect: { lookup: guardedLookup(reach), timeout: connectTimeout },
    connections: 16,
    maxOrigins: 256,
    maxHeaderSize: 32 * 1024,
    pipelining: 1,
    keepAliveTimeout: 4_000,
  });
}

/** Throws if the URL names an address, rather than a name, that this reach does not allow. */
export function assertLiteral(url: URL, reach: FetchReach): void {
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const literal = host.includes(":") || /^[\d.]+$/.test(host);
  if (literal && !addressAllowed(host, reach))
    throw new FetchRefused(`${host} is an address that this plugin may not reach`);
}
