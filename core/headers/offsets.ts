/** About 20 heads' worth. A block that lives long keeps its whole slab alive, so slabs are small: 4 KiB. */
const SLAB_LENGTH = 1024;

let slab = new Uint32Array(SLAB_LENGTH);
let used = 0;

/**
 * Zeroed room for `length` offsets. A typed array of its own costs more than scanning the head that it describes;
 * cut from a slab it costs a tenth. Nothing is handed out twice. The result is a view: mind `byteOffset`.
 */
export function allocateOffsets(length: number): Uint32Array {
  if (length > SLAB_LENGTH / 4) return new Uint32Array(length);
  if (used + length > SLAB_LENGTH) {
    slab = new Uint32Array(SLAB_LENGTH);
    used = 0;
  }
  used += length;
  return slab.subarray(used - length, used);
}

/** The first `length` of `offsets`, in a room of their own. */
export function copyOffsets(offsets: Uint32Array, length: number): Uint32Array {
  const copy = allocateOffsets(length);
  // A loop: for these sizes `set` costs more.
  for (let at = 0; at < length; at++) copy[at] = offsets[at] ?? 0;
  return copy;
}
