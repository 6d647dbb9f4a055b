import { HeaderBlock } from "../../../core/headers/header-block.ts";

const PREFIX = "x-mesh-";
const STRIDE = 4;

function isMeshField(text: string, start: number, end: number): boolean {
  if (end - start < PREFIX.length) return false;
  for (let i = 0; i < PREFIX.length; i++) {
    if ((text.charCodeAt(start + i) | 0x20) !== (PREFIX.charCodeAt(i) | 0x20)) return false;
  }
  return true;
}

/**
 * The fields without `X-Mesh-*`, which only the sidecar may say: neither a client nor the app can speak for it
 * (DESIGN-data-plane §3). The same block where there are none, which is nearly always.
 */
export function withoutMeshFields(headers: HeaderBlock): HeaderBlock {
  const { text, offsets } = headers;
  for (let at = 0; at < offsets.length; at += STRIDE) {
    if (isMeshField(text, offsets[at] ?? 0, offsets[at + 1] ?? 0)) return filtered(headers);
  }
  return headers;
}

function filtered({ text, offsets }: HeaderBlock): HeaderBlock {
  const kept: number[] = [];
  for (let at = 0; at < offsets.length; at += STRIDE) {
    if (!isMeshField(text, offsets[at] ?? 0, offsets[at + 1] ?? 0)) {
      kept.push(...offsets.subarray(at, at + STRIDE));
    }
  }
  return new HeaderBlock(text, Uint32Array.from(kept));
}
