import { AddedFields } from "../../../core/headers/added-fields.ts";
import { applyEdits, onlyAdds } from "../../../core/headers/apply-edits.ts";
import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import { mergeEdits, type HeaderEdits } from "../../../core/headers/header-edits.ts";
import { withoutHopByHop } from "../../../core/headers/hop-by-hop.ts";
import { FIELD } from "../../../core/headers/known-fields.ts";
import { fieldBits, traitsOfName } from "../../../core/headers/traits.ts";
import type { UpstreamRequest } from "../exchange.ts";

/** Who the client is, and what the app is told of it in `X-Forwarded-*`; see RemoteAddressRule. */
export interface AddressRule {
  remoteIp(peer: string, headers: HeaderBlock): string;
  /** What is put behind a head that has no `X-Forwarded-*`. */
  forwardedFields(peer: string, authority: string): AddedFields;
  /** The same as edits, for a head that may have some. */
  forwardedEdits(peer: string, authority: string, headers: HeaderBlock): HeaderEdits;
}

/** For requests of the app itself: it is the client, and nothing is to be said of it. */
export const LOCAL_ADDRESS_RULE: AddressRule = {
  remoteIp: (peer) => peer,
  forwardedFields: () => AddedFields.none,
  forwardedEdits: () => [],
};

/** What tells the app that plugins were stood in for; made by the sidecar, stripped from clients. */
const SKIPPED = "X-Mesh-Plugin-Skipped";

const FORWARDED_BITS = fieldBits([FIELD.forwardedFor, FIELD.forwardedHost, FIELD.forwardedProto]);

/** The changes that plugins made, and the marks of those that were skipped. */
export function chainEdits(plugins: HeaderEdits, skipped: readonly string[]): HeaderEdits {
  return skipped.length === 0 ? plugins : [...plugins, { name: SKIPPED, values: skipped }];
}

/** The fields of a request as they go on: hop-by-hop fields left out, forwarding fields and the chain's edits added. */
export function outgoingFields(
  headers: HeaderBlock,
  edits: HeaderEdits,
  rule: AddressRule,
  from: { readonly peer: string; readonly authority: string },
): Required<Pick<UpstreamRequest, "headers" | "added">> {
  const kept = withoutHopByHop(headers);
  const { peer, authority } = from;
  if ((headers.traits & FORWARDED_BITS) === 0) {
    if (onlyAdds(kept, edits))
      return { headers: kept, added: rule.forwardedFields(peer, authority).and(edits) };
    if (!edits.some(namesForwarded))
      return { headers: applyEdits(kept, edits), added: rule.forwardedFields(peer, authority) };
  }
  const forwarded = rule.forwardedEdits(peer, authority, headers);
  return { headers: applyEdits(kept, mergeEdits(forwarded, edits)), added: AddedFields.none };
}

function namesForwarded({ name }: HeaderEdits[number]): boolean {
  return (traitsOfName(name) & FORWARDED_BITS) !== 0;
}
