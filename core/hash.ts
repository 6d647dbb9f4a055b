const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Buckets into which traffic is divided: one hundredth of a percent each. */
export const BUCKETS = 10_000;

/**
 * FNV-1a over the low byte of every char (header text is latin1). Not finished: the result is the seed with which
 * the hash of a longer text goes on, so that `hashText(b, hashText(a))` is `hashText(a + b)`.
 */
export function hashText(text: string, seed: number = FNV_OFFSET): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), FNV_PRIME);
  return hash >>> 0;
}

/**
 * Which of the buckets `key` is in, 0 to 9,999: the same on every node and in every release, so the algorithm is
 * a contract. `saltHash` is `hashText` of a salt; different salts give independent divisions.
 */
export function bucketOf(saltHash: number, key: string): number {
  // FNV alone mixes the last bytes badly into the high bits: finish as MurmurHash3 does.
  let hash = hashText(key, saltHash);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % BUCKETS;
}
