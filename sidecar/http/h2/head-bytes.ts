/** `: ` and CRLF. */
export const LINE_OVERHEAD = 4;

/** What a flat list of fields takes as lines of HTTP/1.1. */
export function headBytesOf(flat: readonly string[]): number {
  let bytes = (flat.length / 2) * LINE_OVERHEAD;
  for (const text of flat) bytes += text.length;
  return bytes;
}
