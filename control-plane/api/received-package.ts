import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import type { MultipartFile } from "@fastify/multipart";
import type { FastifyRequest } from "fastify";

import type { Clock } from "../../core/clock.ts";
import { formatSize } from "../../core/size.ts";
import { RequestError } from "./problem.ts";

/** An uploaded package on the disk; gone when the request is answered. */
export interface ReceivedPackage {
  readonly path: string;
  readonly size: number;
  readonly note: string;
}

export interface UploadLimits {
  /** Most bytes of a package. */
  readonly bytes: number;
  /** Longest silence of a client that uploads, ms. */
  readonly idle: number;
  /** Uploads at a time; together with `bytes` this bounds the disk that they take. */
  readonly concurrent: number;
}

const NOTE_LENGTH = 4_096;
/** Of boundaries, headers of parts and the note. */
const FORM_OVERHEAD = 64 * 1024;

/** Takes packages from multipart forms into files of its folder. */
export class UploadFolder {
  readonly #folder: string;
  readonly #limits: UploadLimits;
  readonly #clock: Clock;
  #running = 0;

  /** `folder` is emptied at the start: what is in it is of uploads that a crash cut off. */
  constructor(folder: string, limits: UploadLimits, clock: Clock) {
    this.#folder = folder;
    this.#limits = limits;
    this.#clock = clock;
  }

  async start(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** Gives the package to `use` and deletes it then, whatever came of it. Nothing stays of an upload that is refused. */
  async receive<Result>(
    request: FastifyRequest,
    use: (received: ReceivedPackage) => Promise<Result>,
  ): Promise<Result> {
    const { bytes, concurrent } = this.#limits;
    if (Number(request.headers["content-length"] ?? 0) > bytes + FORM_OVERHEAD) throw this.#tooLarge();
    if (this.#running >= concurrent) {
      throw new RequestError("unavailable", `${concurrent} uploads are under way: try again later`);
    }
    this.#running++;
    const path = join(this.#folder, `${randomUUID()}.zip`);
    try {
      return await use(await this.#read(request, path));
    } finally {
      this.#running--;
      await rm(path, { force: true });
    }
  }

  async #read(request: FastifyRequest, path: string): Promise<ReceivedPackage> {
    let size: number | undefined;
    let note = "";
    const limits = {
      fileSize: this.#limits.bytes,
      fieldSize: NOTE_LENGTH * 4,
      files: 1,
      fields: 1,
      parts: 2,
      headerPairs: 10,
    };
    const silent = new AbortController();
    using _watch = this.#watch(request, silent);
    for await (const part of untilAborted(request.parts({ limits }), silent.signal)) {
      if (part.type === "field" && part.fieldname === "note") note = noteOf(part.value);
      else if (part.type === "file" && part.fieldname === "package")
        size = await this.#save(request, part, path, silent.signal);
      else
        throw new RequestError("malformed", "expected a form with the file `package` and the field `note`");
    }
    if (size === undefined) throw new RequestError("malformed", "the form has no file `package`");
    return { path, size, note };
  }

  async #save(
    request: FastifyRequest,
    { file }: MultipartFile,
    path: string,
    silent: AbortSignal,
  ): Promise<number> {
    const target = createWriteStream(path, { flags: "wx", mode: 0o600 });
    const controller = new AbortController();
    const stop = (reason: RequestError) => (): void => controller.abort(reason);
    file.once("limit", stop(this.#tooLarge()));
    const cut = stop(new RequestError("malformed", "the upload ended early"));
    request.raw.once("close", () => request.raw.complete || cut());
    const signal = AbortSignal.any([controller.signal, silent]);
    try {
      await pipeline(file, target, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
    if (file.truncated) throw this.#tooLarge();
    return target.bytesWritten;
  }

  /**
   * Aborts when nothing has come for too long, in the file or around it: an upload that is silent holds a place. Looks
   * once in that time, so a silence may last twice as long.
   */
  #watch({ raw }: FastifyRequest, silent: AbortController): Disposable {
    const { idle } = this.#limits;
    const { socket } = raw;
    let seen = socket.bytesRead;
    return this.#clock.every(idle, () => {
      if (socket.bytesRead === seen)
        silent.abort(new RequestError("request_timeout", `nothing arrived for ${idle / 1_000} s`));
      seen = socket.bytesRead;
    });
  }

  #tooLarge(): RequestError {
    return new RequestError("too_large", `the package is larger than ${formatSize(this.#limits.bytes)}`);
  }
}

function noteOf(value: unknown): string {
  if (typeof value === "string" && value.length <= NOTE_LENGTH) return value;
  throw new RequestError("malformed", `the field \`note\` is longer than ${NOTE_LENGTH} characters`);
}

/** Throws the signal's reason although nothing comes that could end the wait for the next one. */
async function* untilAborted<Item>(items: AsyncIterable<Item>, signal: AbortSignal): AsyncGenerator<Item> {
  const iterator = items[Symbol.asyncIterator]();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  aborted.catch(() => undefined);
  signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  try {
    for (;;) {
      const next = iterator.next();
      next.catch(() => undefined);
      const result = await Promise.race([next, aborted]);
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    iterator.return?.().catch(() => undefined);
  }
}
