import type { SnapshotResource } from "../snapshot/node-snapshot.ts";

/** The bytes of contents that are on their way: made once for each hash, however many nodes they go to. */
export class EncodedContents {
  readonly #byHash = new Map<string, WeakRef<Buffer>>();
  readonly #gone = new FinalizationRegistry<string>((hash) => {
    if (this.#byHash.get(hash)?.deref() === undefined) this.#byHash.delete(hash);
  });

  bytesOf({ hash, content }: SnapshotResource): Buffer {
    const known = this.#byHash.get(hash)?.deref();
    if (known !== undefined) return known;
    const bytes = Buffer.from(JSON.stringify(content), "utf8");
    this.#byHash.set(hash, new WeakRef(bytes));
    this.#gone.register(bytes, hash);
    return bytes;
  }
}
