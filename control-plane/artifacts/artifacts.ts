import type { Readable } from "node:stream";

/** Bytes that are in the store of artifacts; the collection spares them until this is disposed of. */
export interface ArrivedArtifact extends Disposable {
  /** sha256, hex. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** Both included; as in HTTP's Range. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Packages by their digest: immutable, whole or not there. Errors are `OperationError`s: `not_found`, `too_large`,
 * `insufficient_storage` (the quota or the disk), `unavailable` (the disk, or bytes that are not what their name says).
 */
export interface Artifacts {
  /** Takes bytes in as they come, at most `limit`; on disk when it resolves. Nothing stays of what fails half way. */
  put(source: AsyncIterable<Uint8Array>, limit: number): Promise<ArrivedArtifact>;
  /** Bytes of it; undefined: it is not there. */
  size(digest: string): Promise<number | undefined>;
  /** Its bytes, all or those of `range`; `unavailable` where they are not those of the digest. */
  read(digest: string, range?: ByteRange): Promise<Readable>;
  /**
   * Deletes what `referenced` does not name; what arrives meanwhile stays. Returns the digests that went. `referenced`
   * is called once the collection has begun to spare what arrives.
   */
  collect(referenced: () => Promise<ReadonlySet<string>>): Promise<readonly string[]>;
  /** Hears of stored bytes that are not those of their digest, each time that somebody wants to read them. */
  onMismatch(listener: (digest: string) => void): Disposable;
}
