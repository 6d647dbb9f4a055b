import { randomBytes } from "node:crypto";

/** A file to be sent; `bytes` gives exactly `size` of them. */
export interface UploadFile {
  readonly name: string;
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** A form of RFC 7578 with one file, whose length is known beforehand and which is read only as fast as it is sent. */
export class MultipartBody {
  readonly contentType: string;
  readonly length: number;
  readonly #head: Buffer;
  readonly #tail: Buffer;
  readonly #file: UploadFile;
  readonly #onProgress: (sent: number) => void;

  constructor(
    fields: Readonly<Record<string, string>>,
    field: string,
    file: UploadFile,
    onProgress: (sent: number) => void,
  ) {
    const boundary = `sluice-${randomBytes(18).toString("hex")}`;
    const parts = Object.entries(fields).map(
      ([name, value]) =>
        `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    const filename = encodeURIComponent(file.name);
    const disposition = `content-disposition: form-data; name="${field}"; filename="${filename}"`;
    this.#head = Buffer.from(
      `${parts.join("")}--${boundary}\r\n${disposition}\r\ncontent-type: application/zip\r\n\r\n`,
    );
    this.#tail = Buffer.from(`\r\n--${boundary}--\r\n`);
    this.contentType = `multipart/form-data; boundary=${boundary}`;
    this.length = this.#head.length + file.size + this.#tail.length;
    this.#file = file;
    this.#onProgress = onProgress;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    yield this.#head;
    let sent = 0;
    for await (const piece of this.#file.bytes) {
      yield piece;
      sent += piece.length;
      this.#onProgress(sent);
    }
    yield this.#tail;
  }
}
