import { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { RefusedMessage } from "../refused-message.ts";
import type { ListenerName, RefusedExchange } from "./finished-exchange.ts";
import type { AddressRule } from "./outgoing-fields.ts";

/** What observers hear of a message that was refused at a listener; without a head the client is the peer. */
export function refusedExchange(
  id: number,
  listener: ListenerName,
  { peer, protocol, head, error, status }: RefusedMessage,
  addresses: AddressRule,
): RefusedExchange {
  const remoteIp = addresses.remoteIp(peer.remoteAddress, head?.headers ?? HeaderBlock.empty);
  return { id, listener, remoteIp, peer, protocol, head, error, status };
}
