import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";

import { Agent } from "undici";

import { addressAllowed, isOwnAddress } from "../../../core/address-reach.ts";
import { MeshError } from "../../../core/errors.ts";
import type { FetchReach } from "./fetch-pattern.ts";
import type { NameLookups } from "./name-lookups.ts";

/** A plugin's fetch that was not, or could not be, made; the text goes to the plugin. */
export class FetchRefused extends MeshError<"fetch_refused"> {
  constructor(message: string) {
    super(message, { code: "fetch_refused", source: "plugin" });
  }
}

/** Which addresses a fetch may connect to. */
export interface AddressGuard {
  readonly reach: FetchReach;
  /** Not to this machine, under whatever address: the port is one by which the sidecar itself is steered. */
  readonly sparesOwn: boolean;
}

export interface GuardedAgentOptions {
  readonly plugin: string;
  readonly guard: AddressGuard;
  readonly lookups: NameLookups;
  /** ms. */
  readonly connectTimeout: number;
}

/** Resolves names to allowed addresses only: what was checked is what the socket connects to. */
function guardedLookup({ plugin, guard, lookups }: GuardedAgentOptions): LookupFunction {
  return (name, options, done) => {
    lookups.lookup(plugin, name, options, (failure, found) => {
      if (failure !== null) return done(failure, []);
      const allowed = found.filter(({ address }) => passes(guard, address));
      const [first] = allowed;
      if (first === undefined) return done(new FetchRefused(refusal(name, found, guard)), []);
      if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}

function passes({ reach, sparesOwn }: AddressGuard, address: string): boolean {
  return addressAllowed(address, reach) && !(sparesOwn && isOwnAddress(address));
}

function refusal(name: string, found: readonly LookupAddress[], { reach, sparesOwn }: AddressGuard): string {
  const addresses = found.map(({ address }) => address).join(", ");
  const why = sparesOwn ? "the port is the sidecar's own" : `its pattern's reach is ${reach}`;
  return `${name} is at ${addresses}, which this plugin may not reach (${why})`;
}

/** One plugin's connections to what a guard allows. An address in a URL is not looked up: `assertLiteral` judges that. */
export function guardedAgent(options: GuardedAgentOptions): Agent {
  return new Agent({
    connect: { lookup: guardedLookup(options), timeout: options.connectTimeout },
    connections: 16,
    maxOrigins: 256,
    maxHeaderSize: 32 * 1024,
    pipelining: 1,
    keepAliveTimeout: 4_000,
  });
}

/** Throws if the URL names an address, rather than a name, that this guard does not allow. */
export function assertLiteral(url: URL, guard: AddressGuard): void {
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const literal = host.includes(":") || /^[\d.]+$/.test(host);
  if (literal && !passes(guard, host))
    throw new FetchRefused(`${host} is an address that this plugin may not reach`);
}
