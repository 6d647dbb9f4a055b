/** What a packed plugin may at most be; what exceeds it is refused before it is written. Sizes in bytes. */
export interface ArchiveLimits {
  /** The zip itself. Default 64 MiB. */
  readonly archive: number;
  /** One file, unpacked. Default 64 MiB. */
  readonly entry: number;
  /** All files together, unpacked. Default 256 MiB. */
  readonly total: number;
  /** Files and folders. Default 2,000. */
  readonly entries: number;
  /** Unpacked size to packed size of one file; small files (below 1 MiB) may have any. Default 200. */
  readonly ratio: number;
}

export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  archive: 64 * 2 ** 20,
  entry: 64 * 2 ** 20,
  total: 256 * 2 ** 20,
  entries: 2_000,
  ratio: 200,
};

/** Files below this size may be packed as tightly as they like. */
export const RATIO_FREE_BYTES = 2 ** 20;
