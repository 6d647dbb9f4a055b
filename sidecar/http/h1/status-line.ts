import { CARRIAGE_RETURN, LINE_FEED, SPACE, VALUE_BYTES } from "../../../core/headers/field-syntax.ts";
import { isVersionByte, minorVersion, VERSION_LENGTH } from "./http-version.ts";
import { type Fault, illegalByte, MORE, REFUSED } from "./scan.ts";

const VERSION = 0;
const CODE = 1;
const REASON_START = 2;
const REASON = 3;
const LF = 4;

const CODE_START = VERSION_LENGTH + 1;
const CODE_END = CODE_START + 3;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/**
 * `HTTP-version SP status-code SP [reason-phrase] CRLF` (RFC 9112 §4), byte by byte. The space behind the code may be
 * missing where there is no phrase: several servers leave it out and nothing can be misread.
 */
export class StatusLine {
  #phase = VERSION;
  status = 0;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  minor = 0;
  fault: Fault | undefined;

  /** Scans `bytes[from, end)`; where the line ended, or MORE or REFUSED. */
  scan(bytes: Buffer, base: number, from: number, end: number): number {
    let at = from;
    while (at >= 0 && at < end) {
      switch (this.#phase) {
        case VERSION:
          at = this.#scanVersion(bytes, base, at, end);
          break;
        case CODE:
          at = this.#scanCode(bytes, base, at, end);
          break;
        case REASON_START:
          at = this.#startReason(bytes, at);
          break;
        case REASON:
          at = this.#scanReason(bytes, at, end);
          break;
        default:
          return bytes[at] === LINE_FEED ? at + 1 : this.#illegal(bytes, at, "behind a carriage return");
      }
    }
    return at < 0 ? at : MORE;
  }

  reset(): void {
    this.#phase = VERSION;
    this.status = 0;
    this.fault = undefined;
  }

  #scanVersion(bytes: Buffer, base: number, from: number, end: number): number {
    const limit = Math.min(end, base + VERSION_LENGTH);
    let at = from;
    while (at < limit && isVersionByte(bytes[at] ?? 0, at - base)) at++;
    if (at === end) return at;
    if (bytes[at] !== SPACE || at !== base + VERSION_LENGTH)
      return this.#illegal(bytes, at, "in the version");
    const minor = minorVersion(bytes, base);
    if (minor === undefined) {
      this.fault = { code: "unsupported_version", detail: bytes.toString("latin1", base, at) };
      return REFUSED;
    }
    this.minor = minor;
    this.#phase = CODE;
    return at + 1;
  }

  /** Three digits, the first of them not 0: below 100 nothing is defined, not even as a class (RFC 9110 §15). */
  #scanCode(bytes: Buffer, base: number, from: number, end: number): number {
    const limit = Math.min(end, base + CODE_END);
    let at = from;
    while (at < limit) {
      const byte = bytes[at] ?? 0;
      const lowest = at === base + CODE_START ? DIGIT_0 + 1 : DIGIT_0;
      if (byte < lowest || byte > DIGIT_9) return this.#illegal(bytes, at, "in the status code");
      this.status = this.status * 10 + (byte - DIGIT_0);
      at++;
    }
    if (at === base + CODE_END) this.#phase = REASON_START;
    return at;
  }

  #startReason(bytes: Buffer, at: number): number {
    if (bytes[at] !== SPACE && bytes[at] !== CARRIAGE_RETURN)
      return this.#illegal(bytes, at, "behind the status code");
    this.#phase = bytes[at] === SPACE ? REASON : LF;
    return at + 1;
  }

  #scanReason(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end && VALUE_BYTES[bytes[at] ?? 0] === 1) at++;
    if (at === end) return at;
    if (bytes[at] !== CARRIAGE_RETURN) return this.#illegal(bytes, at, "in the reason phrase");
    this.#phase = LF;
    return at + 1;
  }

  #illegal(bytes: Buffer, at: number, where: string): number {
    this.fault = illegalByte(bytes, at, where);
    return REFUSED;
  }
}
