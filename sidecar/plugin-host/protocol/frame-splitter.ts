import { ProtocolError } from "./protocol-error.ts";

/** A frame may not be larger: a plugin's script, its stored state and a fetched body fit many times. */
export const MAX_FRAME_BYTES = 32 * 1024 * 1024;
const LENGTH_BYTES = 4;
const NOTHING = Buffer.alloc(0);

/** Receives the bytes [from, to) of one frame, without its length; they are good only during the call. */
export type OnFrameBytes = (buffer: Buffer, from: number, to: number) => void;

/** Cuts what arrives on the link, however the kernel split it, into frames. */
export class FrameSplitter {
  readonly #onFrame: OnFrameBytes;
  /** The beginning of a frame that is not complete is in [0, #held). */
  #pending: Buffer = NOTHING;
  #held = 0;
  /** Bytes that must be held before it is worth looking again. */
  #wanted = LENGTH_BYTES;

  constructor(onFrame: OnFrameBytes) {
    this.#onFrame = onFrame;
  }

  /** Throws a `ProtocolError` for a length over the limit, and whatever `onFrame` throws. `chunk` is not kept. */
  push(chunk: Buffer): void {
    if (this.#held === 0) {
      this.#hold(chunk, this.#split(chunk));
      return;
    }
    this.#append(chunk);
    if (this.#held < this.#wanted) return;
    const whole = this.#pending.subarray(0, this.#held);
    this.#pending = NOTHING;
    this.#held = 0;
    this.#hold(whole, this.#split(whole));
  }

  /** Hands out all complete frames; returns where the incomplete one begins. */
  #split(chunk: Buffer): number {
    let at = 0;
    while (chunk.length - at >= LENGTH_BYTES) {
      const length = chunk.readUInt32LE(at);
      if (length > MAX_FRAME_BYTES) throw new ProtocolError(`a frame of ${length} bytes`);
      const end = at + LENGTH_BYTES + length;
      this.#wanted = LENGTH_BYTES + length;
      if (end > chunk.length) return at;
      this.#onFrame(chunk, at + LENGTH_BYTES, end);
      at = end;
    }
    this.#wanted = LENGTH_BYTES;
    return at;
  }

  #hold(chunk: Buffer, from: number): void {
    if (from < chunk.length) this.#append(chunk.subarray(from));
  }

  /** Copies, since the socket reads into its buffer again; takes space for what arrived, not for what is announced. */
  #append(bytes: Buffer): void {
    const needed = this.#held + bytes.length;
    if (needed > this.#pending.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#pending.length));
      this.#pending.copy(grown, 0, 0, this.#held);
      this.#pending = grown;
    }
    this.#pending.set(bytes, this.#held);
    this.#held = needed;
  }
}
