import type { Socket } from "node:net";

import { countRead } from "./young-garbage.ts";

const NO_BYTES = Buffer.alloc(0);

/** Who reads what a connection receives. */
export interface IntakeReader {
  /** Takes some of the bytes at hand, moving `intake.at` before it calls anybody; false when it wants none now. */
  step(intake: Intake): boolean;
  /** The peer sends nothing more, and everything that it sent was taken. Once. */
  ended(): void;
}

/**
 * The receiving half of a connection. Bytes go to the reader as long as it takes them; what it does not want yet stays
 * here and pauses the socket, so that no more than two reads are ever held.
 */
export class Intake {
  readonly #socket: Socket;
  readonly #reader: IntakeReader;
  #driving = false;
  #lent = false;
  #paused = false;
  #ended = false;
  #told = false;

  /** The bytes at hand, of which those before `at` were taken. Fields, because a reader may be asked while it reads. */
  chunk: Buffer = NO_BYTES;
  at = 0;

  constructor(socket: Socket, reader: IntakeReader) {
    this.#socket = socket;
    this.#reader = reader;
  }

  /** Whether bytes are at hand that nobody took. */
  get holding(): boolean {
    return this.at < this.chunk.length;
  }

  /** Whether the reader is being asked right now: then it need not be woken. */
  get driving(): boolean {
    return this.#driving;
  }

  /** Whether the peer has closed its side and everything that it sent was taken. */
  get exhausted(): boolean {
    return this.#ended && !this.holding;
  }

  /** Bytes came. */
  push(chunk: Buffer): void {
    this.#arrived(chunk, false);
  }

  /** Bytes came in a buffer that is somebody else's again after this call: what is kept of it is copied. */
  lend(chunk: Buffer): void {
    this.#arrived(chunk, true);
  }

  /** Part of the chunk at hand, for somebody to keep. */
  keep(from: number, to: number): Buffer {
    const { chunk } = this;
    if (!this.#lent) return from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to);
    countRead(to - from);
    const copy = Buffer.allocUnsafe(to - from);
    chunk.copy(copy, 0, from, to);
    return copy;
  }

  /** The peer closed its side. */
  end(): void {
    this.#ended = true;
    this.wake();
  }

  /** The reader takes bytes again. */
  wake(): void {
    if (!this.#driving) this.#drive();
  }

  /** Forgets what is held; the connection is over. */
  drop(): void {
    this.chunk = NO_BYTES;
    this.at = 0;
  }

  #arrived(chunk: Buffer, lent: boolean): void {
    if (!lent) countRead(chunk.length);
    // A stream that was resumed and paused again in one turn reads once more.
    if (this.holding) {
      this.chunk = Buffer.concat([this.chunk.subarray(this.at), chunk]);
      this.at = 0;
      return;
    }
    this.#lent = lent;
    this.chunk = chunk;
    this.at = 0;
    this.#drive();
  }

  #drive(): void {
    this.#driving = true;
    while (this.at < this.chunk.length) if (!this.#reader.step(this)) break;
    this.#driving = false;
    if (this.at < this.chunk.length) {
      this.#hold();
      return;
    }
    this.drop();
    if (this.#paused) {
      this.#paused = false;
      this.#socket.resume();
    }
    if (this.#ended && !this.#told) {
      this.#told = true;
      this.#reader.ended();
    }
  }

  #hold(): void {
    if (this.#lent) {
      this.chunk = this.keep(this.at, this.chunk.length);
      this.at = 0;
      this.#lent = false;
    }
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }
}
