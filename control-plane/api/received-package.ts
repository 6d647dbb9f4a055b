import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { MultipartFile } from "@fastify/multipart";
import type { FastifyRequest } from "fastify";

import type { Clock, Timer } from "../../core/clock.ts";
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
    for await (const part of request.parts({ limits })) {
      if (part.type === "field" && part.fieldname === "note") note = noteOf(part.value);
      else if (part.type === "file" && part.fieldname === "package")
        size = await this.#save(request, part, path);
      else
        throw new RequestError("malformed", "expected a form with the file `package` and the field `note`");
    }
    if (size === undefined) throw new RequestError("malformed", "the form has no file `package`");
    return { path, size, note };
  }

  async #save(request: FastifyRequest, { file }: MultipartFile, path: string): Promise<number> {
    const target = createWriteStream(path, { flags: "wx", mode: 0o600 });
    const controller = new AbortController();
    const stop = (reason: RequestError) => (): void => controller.abort(reason);
    file.once("limit", stop(this.#tooLarge()));
    const cut = stop(new RequestError("malformed", "the upload ended early"));
    request.raw.once("close", () => request.raw.complete || cut());
    const { idle } = this.#limits;
    const silence = stop(new RequestError("request_timeout", `nothing arrived for ${idle / 1_000} s`));
    using _watch = this.#watch(file, silence);
    try {
      await pipeline(file, target, { signal: controller.signal });
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : error;
    }
    if (file.truncated) throw this.#tooLarge();
    return target.bytesWritten;
  }

  /** Calls `silence` when nothing has come for too long. */
  #watch(file: Readable, silence: () => void): Disposable {
    let timer: Timer = this.#clock.after(this.#limits.idle, silence);
    const again = (): void => {
      timer[Symbol.dispose]();
      timer = this.#clock.after(this.#limits.idle, silence);
    };
    file.on("data", again);
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }

  #tooLarge(): RequestError {
    return new RequestError("too_large", `the package is larger than ${formatSize(this.#limits.bytes)}`);
  }
}

function noteOf(value: unknown): string {
  if (typeof value === "string" && value.length <= NOTE_LENGTH) return value;
  throw new RequestError("malformed", `the field \`note\` is longer than ${NOTE_LENGTH} characters`);
}
