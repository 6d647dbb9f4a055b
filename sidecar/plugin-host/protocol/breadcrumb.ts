import { readSync, writeSync } from "node:fs";

/**
 * The breadcrumb: eight bytes at the beginning of a file that host and sidecar share, two little-endian uint32:
 *
 *   0..3  generation that has the CPU; 0: none
 *   4..7  how many times the host wrote since it began, modulo 2^32: stands still while one entry lasts
 *
 * Written before an isolate is entered, so that after a death it names whoever was on the CPU: frames written before
 * a loop leave after it and cannot tell.
 */
const BREADCRUMB_BYTES = 8;

export interface Breadcrumb {
  /** 0: nobody had the CPU. */
  readonly generation: number;
  readonly sequence: number;
}

/** The host's end: a file descriptor that was inherited. */
export class BreadcrumbWriter {
  readonly #descriptor: number;
  readonly #bytes: Buffer = Buffer.alloc(BREADCRUMB_BYTES);
  #generation = 0;
  #sequence = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Before every entry; costs a write only when another generation had the CPU before. */
  enter(generation: number): void {
    if (generation !== this.#generation) this.#write(generation);
  }

  /** When the host has nothing to do: what happens to it now is nobody's fault. */
  idle(): void {
    if (this.#generation !== 0) this.#write(0);
  }

  #write(generation: number): void {
    this.#generation = generation;
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#bytes.writeUInt32LE(generation, 0);
    this.#bytes.writeUInt32LE(this.#sequence, 4);
    writeSync(this.#descriptor, this.#bytes, 0, BREADCRUMB_BYTES, 0);
  }
}

/** The sidecar's end; good while the host lives and after. A file that was never written says nobody. */
export function readBreadcrumb(descriptor: number): Breadcrumb {
  const bytes = Buffer.alloc(BREADCRUMB_BYTES);
  readSync(descriptor, bytes, 0, BREADCRUMB_BYTES, 0);
  return { generation: bytes.readUInt32LE(0), sequence: bytes.readUInt32LE(4) };
}
