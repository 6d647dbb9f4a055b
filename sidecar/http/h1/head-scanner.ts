import { FieldScanner } from "./field-scanner.ts";
import { type Fault, MORE, REFUSED } from "./scan.ts";
import { SplitHead } from "./split-head.ts";

/** The first line of a head; RequestLine and StatusLine. */
interface FirstLine {
  fault: Fault | undefined;
  scan(bytes: Buffer, base: number, from: number, end: number): number;
  reset(): void;
}

/**
 * First line and fields of one head, from chunks that are split wherever they may be. A head that comes in one chunk
 * is scanned where it lies; otherwise its bytes are gathered, and each is still scanned once only: what a peer sends
 * byte by byte costs no more than what it sends whole, and is judged the same.
 */
export class HeadScanner<Line extends FirstLine> {
  readonly line: Line;
  readonly fields: FieldScanner;
  readonly #maxBytes: number;
  readonly #split = new SplitHead();
  #inFields = false;
  /** The head that was read, latin1, the empty line at its end included. */
  text = "";
  /** Set when `read` gave REFUSED. */
  fault: Fault | undefined;

  constructor(line: Line, limits: { readonly headBytes: number; readonly headFields: number }) {
    this.line = line;
    this.fields = new FieldScanner(limits.headFields);
    this.#maxBytes = limits.headBytes;
  }

  get started(): boolean {
    return this.#split.length > 0;
  }

  /** Where in the chunk the head ended, MORE or REFUSED. After a head the caller uses it, then calls `reset`. */
  read(chunk: Buffer, at: number): number {
    if (this.#split.length > 0) return this.#readOn(chunk, at);
    const end = Math.min(chunk.length, at + this.#maxBytes);
    const next = this.#scan(chunk, at, at, end);
    if (next > 0) this.text = chunk.toString("latin1", at, next);
    else if (next === MORE) {
      if (end - at === this.#maxBytes) return this.#tooLarge();
      this.#split.append(chunk, at, end);
    }
    return next;
  }

  reset(): void {
    this.#split.clear();
    this.line.reset();
    this.fields.reset();
    this.#inFields = false;
    this.text = "";
    this.fault = undefined;
  }

  #readOn(chunk: Buffer, at: number): number {
    const from = this.#split.length;
    this.#split.append(chunk, at, Math.min(chunk.length, at + this.#maxBytes - from));
    const { bytes, length } = this.#split;
    const next = this.#scan(bytes, 0, from, length);
    if (next === MORE) return length === this.#maxBytes ? this.#tooLarge() : MORE;
    if (next === REFUSED) return REFUSED;
    this.text = bytes.toString("latin1", 0, next);
    return at + next - from;
  }

  #scan(bytes: Buffer, base: number, from: number, end: number): number {
    let at = from;
    if (!this.#inFields) {
      at = this.line.scan(bytes, base, at, end);
      if (at < 0) return this.#passOn(at, this.line.fault);
      this.#inFields = true;
    }
    at = this.fields.scan(bytes, base, at, end);
    return at < 0 ? this.#passOn(at, this.fields.fault) : at;
  }

  #passOn(result: number, fault: Fault | undefined): number {
    this.fault = fault;
    return result;
  }

  #tooLarge(): number {
    this.fault = { code: "header_too_large", detail: `a head over ${this.#maxBytes} bytes` };
    return REFUSED;
  }
}
