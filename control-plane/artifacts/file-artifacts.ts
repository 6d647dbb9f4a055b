import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";

import { Turns } from "../../core/turns.ts";
import { Arrivals } from "./arrivals.ts";
import { damaged, diskError, noArtifact, quotaExceeded } from "./artifact-errors.ts";
import type { ArrivedArtifact, Artifacts, ByteRange } from "./artifacts.ts";
import { receiveFile, type Reserve } from "./incoming-file.ts";
import { VerifiedFiles } from "./verified-files.ts";

const DIGEST = /^[0-9a-f]{64}$/;
const INCOMING = "incoming";

/**
 * Artifacts as files, `ab/abcd…` by their digest. A file is written and synced beside them and appears by being
 * renamed; the same bytes again replace it, which heals a damaged one.
 */
export class FileArtifacts implements Artifacts {
  readonly #folder: string;
  readonly #quota: number;
  readonly #arrivals = new Arrivals();
  readonly #verified = new VerifiedFiles();
  /** Files appear and go one at a time, so that what they take is counted right. */
  readonly #turns = new Turns();
  readonly #listeners = new Set<(digest: string) => void>();
  /** Bytes of all files, those that are on their way included. */
  #used = 0;

  private constructor(folder: string, quota: number) {
    this.#folder = folder;
    this.#quota = quota;
  }

  /** Makes the folder where it is not there, and clears away what a process that died was writing. `quota`: bytes. */
  static async open(folder: string, quota: number): Promise<FileArtifacts> {
    const artifacts = new FileArtifacts(folder, quota);
    await artifacts.#onDisk(async () => {
      await rm(join(folder, INCOMING), { recursive: true, force: true });
      await mkdir(join(folder, INCOMING), { recursive: true, mode: 0o700 });
      for (const digest of await artifacts.#stored())
        artifacts.#used += (await stat(artifacts.#path(digest))).size;
    });
    return artifacts;
  }

  async put(source: AsyncIterable<Uint8Array>, limit: number): Promise<ArrivedArtifact> {
    const temporary = join(this.#folder, INCOMING, randomUUID());
    let reserved = 0;
    const reserve: Reserve = (bytes) => {
      if (this.#used + bytes > this.#quota) throw quotaExceeded(this.#quota);
      this.#used += bytes;
      reserved += bytes;
    };
    try {
      return await this.#onDisk(async () => {
        const received = await receiveFile(temporary, source, limit, reserve);
        const lease = this.#arrivals.hold(received.digest);
        try {
          const replaced = await this.#turns.run(() => this.#publish(temporary, received.digest));
          this.#used -= replaced;
          reserved = 0;
          return { ...received, [Symbol.dispose]: () => lease[Symbol.dispose]() };
        } catch (thrown) {
          lease[Symbol.dispose]();
          throw thrown;
        }
      });
    } catch (thrown) {
      this.#used -= reserved;
      await rm(temporary, { force: true }).catch(() => undefined);
      throw thrown;
    }
  }

  async size(digest: string): Promise<number | undefined> {
    if (!DIGEST.test(digest)) return undefined;
    return this.#onDisk(() => sizeOf(this.#path(digest)));
  }

  async read(digest: string, range?: ByteRange): Promise<Readable> {
    if ((await this.size(digest)) === undefined) throw noArtifact(digest);
    const path = this.#path(digest);
    if (!(await this.#onDisk(() => this.#verified.check(digest, path)))) {
      for (const listener of this.#listeners) listener(digest);
      throw damaged(digest);
    }
    // Open from here on, so that it can be read to its end even where it is deleted meanwhile.
    const file = await this.#onDisk(() => open(path, "r"));
    return createReadStream(path, { fd: file, ...range });
  }

  async collect(referenced: () => Promise<ReadonlySet<string>>): Promise<readonly string[]> {
    using spared = this.#arrivals.spare();
    const wanted = await referenced();
    const gone: string[] = [];
    for (const digest of await this.#onDisk(() => this.#stored())) {
      if (wanted.has(digest) || spared.digests.has(digest)) continue;
      await this.#turns.run(() => this.#delete(digest));
      gone.push(digest);
    }
    return gone;
  }

  onMismatch(listener: (digest: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Answers with the bytes that it took the place of. */
  async #publish(temporary: string, digest: string): Promise<number> {
    const target = this.#path(digest);
    const folder = join(this.#folder, digest.slice(0, 2));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const replaced = (await sizeOf(target)) ?? 0;
    await rename(temporary, target);
    await syncFolder(folder);
    await syncFolder(this.#folder);
    this.#verified.forget(digest);
    return replaced;
  }

  async #delete(digest: string): Promise<void> {
    await this.#onDisk(async () => {
      const size = (await sizeOf(this.#path(digest))) ?? 0;
      await rm(this.#path(digest), { force: true });
      this.#used -= size;
    });
    this.#verified.forget(digest);
  }

  async #stored(): Promise<readonly string[]> {
    const names = await readdir(this.#folder, { recursive: true, withFileTypes: true });
    return names.filter((entry) => entry.isFile() && DIGEST.test(entry.name)).map(({ name }) => name);
  }

  #path(digest: string): string {
    return join(this.#folder, digest.slice(0, 2), digest);
  }

  async #onDisk<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (thrown) {
      throw diskError(thrown);
    }
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw thrown;
  }
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}
