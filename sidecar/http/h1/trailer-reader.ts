import { HeaderBlock } from "../../../core/headers/header-block.ts";
import { isForbiddenTrailer, isSmugglingTrailer } from "../../../core/headers/trailer-rules.ts";
import type { WireLimits } from "../limits.ts";
import { FieldScanner } from "./field-scanner.ts";
import { type Fault, MORE, REFUSED } from "./scan.ts";
import { SplitHead } from "./split-head.ts";

/**
 * The trailer section behind a last chunk (RFC 9112 §7.1.2), read by the same scanner as heads. Fields that would
 * change framing or routing if somebody took them for headers are refused; others that are not allowed behind a
 * body are left out (RFC 9110 §6.5.1).
 */
export class TrailerReader {
  readonly #fields: FieldScanner;
  readonly #maxBytes: number;
  readonly #split = new SplitHead();
  /** The trailers that may go on; undefined if there are none. */
  block: HeaderBlock | undefined;
  fault: Fault | undefined;

  constructor(limits: Pick<WireLimits, "trailerBytes" | "headFields">) {
    this.#fields = new FieldScanner(limits.headFields);
    this.#maxBytes = limits.trailerBytes;
  }

  /** Where in the buffer the section ended, MORE or REFUSED. Trailers are rare: they are always gathered. */
  read(buffer: Buffer, at: number): number {
    const from = this.#split.length;
    this.#split.append(buffer, at, Math.min(buffer.length, at + this.#maxBytes - from));
    const { bytes, length } = this.#split;
    const next = this.#fields.scan(bytes, 0, from, length);
    if (next === MORE) {
      if (length < this.#maxBytes) return MORE;
      return this.#refuse({ code: "header_too_large", detail: `trailers over ${this.#maxBytes} bytes` });
    }
    if (next === REFUSED) return this.#refuse(this.#fields.fault);
    const all = new HeaderBlock(
      bytes.toString("latin1", 0, next),
      this.#fields.offsets(),
      this.#fields.traits,
    );
    const smuggled = firstSmuggled(all);
    if (smuggled !== undefined)
      return this.#refuse({ code: "bad_request", detail: `${smuggled} among the trailers` });
    const allowed = all.filter((index) => !isForbiddenTrailer(all, index));
    this.block = allowed.size === 0 ? undefined : allowed;
    return at + next - from;
  }

  #refuse(fault: Fault | undefined): number {
    this.fault = fault;
    return REFUSED;
  }
}

function firstSmuggled(trailers: HeaderBlock): string | undefined {
  for (let index = 0; index < trailers.size; index++)
    if (isSmugglingTrailer(trailers, index)) return trailers.name(index);
  return undefined;
}
