import { HeaderBlock } from "../../core/headers/header-block.ts";
import type { ResponseHead } from "./exchange.ts";

const GRPC_UNAUTHENTICATED = 16;
const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNIMPLEMENTED = 12;
const GRPC_UNAVAILABLE = 14;

const GRPC_TYPE = "application/grpc";
const GRPC_TYPE_ENDS = "+; ";

/** Bytes of a block's body that become `grpc-message`: a status is no place for a page. */
const LONGEST_MESSAGE = 1024;

/** Whether a request is a call over gRPC, which reads its status from trailers. */
export function isGrpc({ headers }: { readonly headers: HeaderBlock }): boolean {
  const type = headers.get("content-type");
  if (type === undefined || type.slice(0, GRPC_TYPE.length).toLowerCase() !== GRPC_TYPE) return false;
  // `application/grpc-web` is another protocol, whose status travels in the body.
  return type.length === GRPC_TYPE.length || GRPC_TYPE_ENDS.includes(type.charAt(GRPC_TYPE.length));
}

/** What a plugin's block means to a gRPC client; never OK, whatever the status. */
export function grpcStatusOf(status: number): number {
  switch (status) {
    case 401:
      return GRPC_UNAUTHENTICATED;
    case 403:
      return GRPC_PERMISSION_DENIED;
    case 404:
      return GRPC_UNIMPLEMENTED;
    case 429:
    case 503:
      return GRPC_UNAVAILABLE;
    default:
      return GRPC_PERMISSION_DENIED;
  }
}

/**
 * A trailers-only answer: 200, and the call's status in the head, which ends the stream. `headers` go with it, but for
 * what speaks of the body that is not sent.
 */
export function grpcAnswer(
  grpcStatus: number,
  message: string,
  headers: HeaderBlock = HeaderBlock.empty,
): ResponseHead {
  const flat = ["content-type", "application/grpc", "grpc-status", String(grpcStatus)];
  const text = percentEncoded(Buffer.from(message).subarray(0, LONGEST_MESSAGE));
  if (text !== "") flat.push("grpc-message", text);
  const others = headers.filter((index) => !isReplaced(headers, index));
  return { status: 200, headers: HeaderBlock.fromFlat(others.toFlat(flat)) };
}

function isReplaced(headers: HeaderBlock, index: number): boolean {
  return headers.startsWith(index, "content-") || headers.startsWith(index, "grpc-");
}

/** Percent-Encoded of gRPC over HTTP/2: visible ASCII but `%`, and spaces where no field would lose them. */
function percentEncoded(message: Buffer): string {
  let text = "";
  for (let i = 0; i < message.length; i++) {
    const byte = message[i] ?? 0;
    const isEdge = i === 0 || i === message.length - 1;
    const isPlain = byte > 0x20 && byte <= 0x7e && byte !== 0x25;
    if (isPlain || (byte === 0x20 && !isEdge)) text += String.fromCharCode(byte);
    else text += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}
