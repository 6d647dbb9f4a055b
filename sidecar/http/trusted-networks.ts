import ipaddr from "ipaddr.js";

import { Remembered } from "../../core/remembered.ts";

type Parsed = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Parsed, number];

/** What is wrong with a network such as `10.0.0.0/8`, `fd00::/8` or `192.0.2.7`; undefined if nothing is. */
export function networkProblem(text: string): string | undefined {
  return parseNetwork(text) === undefined ? "expected a network such as 10.0.0.0/8 or fd00::/8" : undefined;
}

/** The peers whose `X-Forwarded-*` is believed. */
export class TrustedNetworks {
  readonly empty: boolean;
  readonly #networks: readonly Network[];
  // Peers are few and requests are many: each address is parsed once.
  readonly #known = new Remembered(1_024, (address) => this.#match(address));

  /** Networks that `networkProblem` finds nothing wrong with; others never match. */
  constructor(networks: readonly string[]) {
    this.#networks = networks.map(parseNetwork).filter((network) => network !== undefined);
    this.empty = this.#networks.length === 0;
  }

  has(address: string): boolean {
    return !this.empty && this.#known.get(address);
  }

  #match(address: string): boolean {
    const parsed = parseIp(address);
    if (parsed === undefined) return false;
    return this.#networks.some(
      ([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits),
    );
  }
}

/** `text` as an IP address in canonical form (`::ffff:192.0.2.1` is `192.0.2.1`); undefined if it is none. */
export function canonicalIp(text: string): string | undefined {
  return parseIp(text)?.toString();
}

function parseIp(text: string): Parsed | undefined {
  // ipaddr.js also takes 127.1, 0x7f.1 and zones, which others read differently: not here.
  if (text.length > 45 || text.includes("%")) return undefined;
  const valid = text.includes(":") ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text);
  return valid ? ipaddr.process(text) : undefined;
}

function parseNetwork(text: string): Network | undefined {
  const [host = "", bits, ...rest] = text.split("/");
  const address = parseIp(host);
  if (address === undefined || rest.length > 0) return undefined;
  const most = address.kind() === "ipv4" ? 32 : 128;
  if (bits === undefined) return [address, most];
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? [address, Number(bits)] : undefined;
}
