import type { WireErrorCode } from "../wire-error.ts";

/** What a scan says in place of a position: the bytes ended before it did. */
export const MORE = -1;
/** The bytes are not legal; the scanner's `fault` says how. */
export const REFUSED = -2;

/** What is wrong with a request; whatever is wrong with an answer is `upstream_invalid`, with the same detail. */
export interface Fault {
  readonly code: WireErrorCode &
    ("bad_request" | "header_too_large" | "target_too_long" | "unsupported_version");
  readonly detail: string;
}

/** `illegal byte 0x0a in a field value` */
export function illegalByte(bytes: Buffer, at: number, where: string): Fault {
  const byte = (bytes[at] ?? 0).toString(16).padStart(2, "0");
  return { code: "bad_request", detail: `illegal byte 0x${byte} ${where}` };
}
