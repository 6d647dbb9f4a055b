import {
  byteTable,
  CARRIAGE_RETURN,
  LINE_FEED,
  SPACE,
  TOKEN_BYTES,
} from "../../../core/headers/field-syntax.ts";
import { LONGEST_METHOD } from "../limits.ts";
import { isVersionByte, minorVersion, VERSION_LENGTH } from "./http-version.ts";
import { type Fault, illegalByte, MORE, REFUSED } from "./scan.ts";

const METHOD = 0;
const TARGET = 1;
const VERSION = 2;
const CR = 3;
const LF = 4;

const NUMBER_SIGN = 0x23;

/** Visible ASCII without `#`: what RFC 3986 leaves out beyond that (`|`, `{`, …) is sent by real clients. */
const TARGET_BYTES = byteTable((byte) => byte > SPACE && byte < 0x7f && byte !== NUMBER_SIGN);

/** `method SP request-target SP HTTP-version CRLF` (RFC 9112 §3), byte by byte. Positions count from its start. */
export class RequestLine {
  readonly #maxTarget: number;
  #phase = METHOD;
  methodEnd = 0;
  targetEnd = 0;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  minor = 0;
  fault: Fault | undefined;

  constructor(maxTarget: number) {
    this.#maxTarget = maxTarget;
  }

  /** Scans `bytes[from, end)`; where the line ended, or MORE or REFUSED. */
  scan(bytes: Buffer, base: number, from: number, end: number): number {
    let at = from;
    while (at >= 0 && at < end) {
      switch (this.#phase) {
        case METHOD:
          at = this.#scanMethod(bytes, base, at, end);
          break;
        case TARGET:
          at = this.#scanTarget(bytes, base, at, end);
          break;
        case VERSION:
          at = this.#scanVersion(bytes, base, at, end);
          break;
        case CR:
          at = this.#expect(bytes, at, CARRIAGE_RETURN);
          this.#phase = LF;
          break;
        default:
          return this.#expect(bytes, at, LINE_FEED);
      }
    }
    return at < 0 ? at : MORE;
  }

  reset(): void {
    this.#phase = METHOD;
    this.fault = undefined;
  }

  #scanMethod(bytes: Buffer, base: number, from: number, end: number): number {
    const limit = Math.min(end, base + LONGEST_METHOD + 1);
    let at = from;
    while (at < limit && TOKEN_BYTES[bytes[at] ?? 0] === 1) at++;
    if (at === base + LONGEST_METHOD + 1)
      return this.#refuse({ code: "bad_request", detail: `a method longer than ${LONGEST_METHOD} bytes` });
    if (at === end) return at;
    if (bytes[at] !== SPACE || at === base) return this.#refuse(illegalByte(bytes, at, "in the method"));
    this.methodEnd = at - base;
    this.#phase = TARGET;
    return at + 1;
  }

  #scanTarget(bytes: Buffer, base: number, from: number, end: number): number {
    const start = base + this.methodEnd + 1;
    const limit = Math.min(end, start + this.#maxTarget + 1);
    let at = from;
    while (at < limit && TARGET_BYTES[bytes[at] ?? 0] === 1) at++;
    if (at === start + this.#maxTarget + 1)
      return this.#refuse({
        code: "target_too_long",
        detail: `a target longer than ${this.#maxTarget} bytes`,
      });
    if (at === end) return at;
    if (bytes[at] !== SPACE || at === start)
      return this.#refuse(illegalByte(bytes, at, "in the request target"));
    this.targetEnd = at - base;
    this.#phase = VERSION;
    return at + 1;
  }

  #scanVersion(bytes: Buffer, base: number, from: number, end: number): number {
    const start = base + this.targetEnd + 1;
    const limit = Math.min(end, start + VERSION_LENGTH);
    let at = from;
    while (at < limit && isVersionByte(bytes[at] ?? 0, at - start)) at++;
    if (at < start + VERSION_LENGTH)
      return at === end ? at : this.#refuse(illegalByte(bytes, at, "in the version"));
    const minor = minorVersion(bytes, start);
    if (minor === undefined)
      return this.#refuse({
        code: "unsupported_version",
        detail: `the version ${bytes.toString("latin1", start, at)}`,
      });
    this.minor = minor;
    this.#phase = CR;
    return at;
  }

  #expect(bytes: Buffer, at: number, expected: number): number {
    return bytes[at] === expected ? at + 1 : this.#refuse(illegalByte(bytes, at, "behind the version"));
  }

  #refuse(fault: Fault): number {
    this.fault = fault;
    return REFUSED;
  }
}
