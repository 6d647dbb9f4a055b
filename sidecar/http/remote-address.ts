import { AddedFields } from "../../core/headers/added-fields.ts";
import { HeaderBlock } from "../../core/headers/header-block.ts";
import type { HeaderEdit, HeaderEdits } from "../../core/headers/header-edits.ts";
import { Remembered } from "../../core/remembered.ts";
import { LONGEST_KEPT_AUTHORITY } from "./authority.ts";
import { canonicalIp, type TrustedNetworks } from "./trusted-networks.ts";

/** Addresses of `X-Forwarded-For` that are looked at, from the right: no request has come through more proxies. */
const MOST_HOPS = 32;

/** Peers of whom something is kept ready. */
const REMEMBERED = 512;

/** Authorities that one peer names: those whose fields are kept ready. */
const REMEMBERED_AUTHORITIES = 16;

const PROTO: HeaderEdit = { name: "X-Forwarded-Proto", values: ["http"] };

/**
 * Who the client is and what the app is told of it, by the trusted-proxies rule:
 *
 * - No networks given: the client is the peer. What it says in `X-Forwarded-*` goes on, the peer appended, since
 *   nobody said whom to believe and the app may know.
 * - The peer is in them: the same, and the client is the rightmost address of `X-Forwarded-For` outside them.
 * - The peer is not: the client is the peer, and what it says of others is replaced.
 */
export class RemoteAddressRule {
  readonly #trusted: TrustedNetworks;
  readonly #canonical = new Remembered(REMEMBERED, (address) => canonicalIp(address) ?? address);
  readonly #fields = new Remembered(
    REMEMBERED,
    (peer) => new Remembered(REMEMBERED_AUTHORITIES, (authority) => this.#fieldsFor(peer, authority)),
  );

  constructor(trusted: TrustedNetworks) {
    this.#trusted = trusted;
  }

  /** The client's address: canonical, without port. `peer` is the socket's remote address. */
  remoteIp(peer: string, headers: HeaderBlock): string {
    const address = this.#canonical.get(peer);
    return this.#trusted.has(address) ? this.#firstOutside(address, headers) : address;
  }

  /** What the app is told of a request that has no `X-Forwarded-*` fields. */
  forwardedFields(peer: string, authority: string): AddedFields {
    if (authority.length > LONGEST_KEPT_AUTHORITY) return this.#fieldsFor(peer, authority);
    return this.#fields.get(peer).get(authority);
  }

  /** What the app is told: edits of `X-Forwarded-For`, and of `-Proto` and `-Host` where there is none to keep. */
  forwardedEdits(peer: string, authority: string, headers: HeaderBlock): HeaderEdits {
    const address = this.#canonical.get(peer);
    const replace = !this.#trusted.empty && !this.#trusted.has(address);
    const edits = [this.#appended(address, headers, replace)];
    if (replace || headers.indexOf("x-forwarded-proto") < 0) edits.push(PROTO);
    if (authority !== "" && (replace || headers.indexOf("x-forwarded-host") < 0)) {
      edits.push(edit("X-Forwarded-Host", authority));
    }
    return edits;
  }

  #fieldsFor(peer: string, authority: string): AddedFields {
    return new AddedFields(this.forwardedEdits(peer, authority, HeaderBlock.empty));
  }

  #appended(address: string, headers: HeaderBlock, replace: boolean): HeaderEdit {
    if (replace || headers.indexOf("x-forwarded-for") < 0) return edit("X-Forwarded-For", address);
    const before = headers.all("x-forwarded-for").filter((value) => value !== "");
    return edit("X-Forwarded-For", [...before, address].join(", "));
  }

  #firstOutside(peer: string, headers: HeaderBlock): string {
    const hops = headers.all("x-forwarded-for").join(",").split(",").slice(-MOST_HOPS);
    let client = peer;
    for (const hop of hops.toReversed()) {
      const address = canonicalIp(withoutPort(hop.trim()));
      // "unknown" and garbage: the proxy that wrote it is the last one that can be named.
      if (address === undefined) return client;
      client = address;
      if (!this.#trusted.has(address)) return client;
    }
    return client;
  }
}

/** Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  if (hop.startsWith("[")) return hop.slice(1, hop.indexOf("]"));
  const colon = hop.indexOf(":");
  return colon >= 0 && colon === hop.lastIndexOf(":") ? hop.slice(0, colon) : hop;
}

function edit(name: string, value: string): HeaderEdit {
  return { name, values: [value] };
}
