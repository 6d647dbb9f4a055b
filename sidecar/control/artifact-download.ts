import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { request, type Dispatcher } from "undici";

import { MeshError, messageOf } from "../../core/errors.ts";
import { formatSize } from "../../core/size.ts";
import { InvalidPackage } from "./staged-package.ts";

/** It may work another time: the network, the server or the disk stood in the way. */
export class DownloadError extends MeshError<"artifact_unavailable"> {
  constructor(message: string, cause?: unknown) {
    super(message, { code: "artifact_unavailable", source: "upstream", retryable: true, cause });
  }
}

export interface ArtifactServer {
  /** Ends with a slash; the digest follows. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

export interface Artifact {
  /** sha256, hex. */
  readonly digest: string;
  /** Bytes, as the control plane says. */
  readonly size: number;
}

const PART = ".part";
/** ms for the head of an answer, and between two pieces of its body. */
const PATIENCE = 15_000;

/**
 * Fetches artifacts into a folder: what came of one is kept when a download breaks off, over the process's end too, and
 * the next attempt asks for the rest. Bytes are given out only when all are there and have the digest.
 */
export class ArtifactDownloads {
  readonly #folder: string;
  readonly #limit: number;

  /** `limit`: bytes that an artifact may have at most. */
  constructor(folder: string, limit: number) {
    this.#folder = folder;
    this.#limit = limit;
  }

  /** Throws a `DownloadError`, or an `InvalidPackage` where it is too large. One at a time for each digest. */
  async fetch(artifact: Artifact, server: ArtifactServer, signal: AbortSignal): Promise<Buffer> {
    const { digest, size } = artifact;
    if (size > this.#limit)
      throw new InvalidPackage(
        `it has ${formatSize(size)}, and at most ${formatSize(this.#limit)} are taken`,
      );
    const path = join(this.#folder, `${digest}${PART}`);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await this.#complete(path, artifact, server, signal);
      const bytes = await readFile(path);
      const actual = createHash("sha256").update(bytes).digest("hex");
      if (actual === digest) return bytes;
      await rm(path, { force: true });
      throw new DownloadError(`artifact mismatch: what came has digest ${actual}, not ${digest}`);
    } catch (thrown) {
      if (thrown instanceof DownloadError) throw thrown;
      throw new DownloadError(`${server.url}${digest}: ${reasonOf(thrown)}`, thrown);
    }
  }

  /** The artifact was taken over, or nobody wants it any more. */
  async forget(digest: string): Promise<void> {
    await rm(join(this.#folder, `${digest}${PART}`), { force: true }).catch(() => {});
  }

  /** Deletes what was left of artifacts that nobody wants any more. */
  async sweep(wanted: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => []))
      if (!wanted.has(name.slice(0, -PART.length))) await rm(join(this.#folder, name), { force: true });
  }

  async #complete(
    path: string,
    { digest, size }: Artifact,
    server: ArtifactServer,
    signal: AbortSignal,
  ): Promise<void> {
    const have = await sizeOf(path);
    if (have === size && have > 0) return;
    const start = have < size ? have : 0;
    const { statusCode, headers, body } = await request(`${server.url}${digest}`, {
      dispatcher: server.dispatcher,
      headers: start === 0 ? server.headers : { ...server.headers, range: `bytes=${start}-` },
      headersTimeout: PATIENCE,
      bodyTimeout: PATIENCE,
      signal,
    });
    const from = startOf(statusCode, headers["content-range"], start);
    if (from === undefined) {
      await body.dump({ limit: 0 }).catch(() => {});
      // What is here does not fit what is there: from the beginning the next time.
      if (statusCode === 416) await rm(path, { force: true });
      throw new DownloadError(`${server.url}${digest}: answered ${statusCode}`);
    }
    await using file = await open(path, from === 0 ? "w" : "r+", 0o600);
    await append(file, from, size, body);
  }
}

/** Where the body that was answered begins; undefined: it is not what was asked for. */
function startOf(status: number, range: string | string[] | undefined, asked: number): number | undefined {
  if (status === 200) return 0;
  if (status !== 206 || typeof range !== "string") return undefined;
  return Number(/^bytes (\d+)-/.exec(range)?.[1]) === asked ? asked : undefined;
}

async function append(
  file: FileHandle,
  from: number,
  size: number,
  body: AsyncIterable<Buffer>,
): Promise<void> {
  let at = from;
  try {
    for await (const piece of body) {
      if (at + piece.length > size)
        throw new DownloadError(`more than the ${size} bytes that it should have`);
      await file.write(piece, 0, piece.length, at);
      at += piece.length;
    }
  } finally {
    // A body that breaks off leaves what came of it, and nothing of what was there before.
    await file.truncate(at);
    await file.sync();
  }
  if (at < size) throw new DownloadError(`ended after ${at} of ${size} bytes`);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** undici's errors say in `code` what their message leaves out. */
function reasonOf(thrown: unknown): string {
  const { code } = thrown as { readonly code?: unknown };
  const message = messageOf(thrown);
  return typeof code !== "string" || message.includes(code)
    ? message
    : `${message === "" ? "failed" : message} (${code})`;
}
