import type { Address } from "../../core/address.ts";

/** Where the parts of a demo listen; port 0 takes a free one. */
export interface DemoOptions {
  readonly app: Address;
  readonly inbound: Address;
  readonly outbound: Address;
  readonly admin: Address;
  readonly api: Address;
  readonly push: Address;
  /** The folder of the example plugins. */
  readonly plugins: string;
  /** The sidecar's configuration file; empty: a control plane configures it. */
  readonly config: string;
}

/** What a child says of itself when it is ready: numbers of ports by name. */
export type Ports = Readonly<Record<string, number>>;

/** An address with the port that was taken. */
export function taken(address: Address, ports: Ports, name: string): Address {
  return { ...address, port: ports[name] ?? address.port };
}
