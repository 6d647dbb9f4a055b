import { createHash } from "node:crypto";
import { createReadStream, type BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";

/**
 * Whether files hold the bytes of their digest. A file is hashed when it is first wanted and again when it has changed:
 * another inode, size or time.
 */
export class VerifiedFiles {
  readonly #seen = new Map<string, string>();
  readonly #running = new Map<string, Promise<boolean>>();

  /** False: the file's bytes are others. Throws as `stat` does where it is not there. */
  async check(digest: string, path: string): Promise<boolean> {
    const before = stampOf(await stat(path, { bigint: true }));
    if (this.#seen.get(digest) === before) return true;
    const running = this.#running.get(digest) ?? this.#hash(digest, path, before);
    this.#running.set(digest, running);
    return running;
  }

  forget(digest: string): void {
    this.#seen.delete(digest);
  }

  async #hash(digest: string, path: string, stamp: string): Promise<boolean> {
    try {
      const hash = createHash("sha256");
      for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
      const same = hash.digest("hex") === digest;
      if (same) this.#seen.set(digest, stamp);
      return same;
    } finally {
      this.#running.delete(digest);
    }
  }
}

function stampOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
