import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";

import { decodeFrame, encodeFrame } from "./frame-codec.ts";
import { FrameSplitter } from "./frame-splitter.ts";
import type { HostFrame } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import { WireWriter } from "./wire-writer.ts";

export interface FrameReceiver<In extends HostFrame> {
  /** Called for each frame in order; those that arrived in one read are handled in one turn. */
  frame(frame: In): void;
  /** Called once, last: the other end closed (no error), the socket failed, or it sent what is not a frame. */
  closed(error: Error | undefined): void;
  /** All frames of one read were given; what is sent now leaves with what they caused. */
  turn?(): void;
}

/** Where more and more is sent, what waits leaves after this long, ms. */
const FLUSH_AFTER = 1;

/**
 * One end of the host link. What is sent while a read is handled leaves in one write at its end. Anything else leaves
 * with the first turn of the event loop that brings nothing more: under load requests arrive turn after turn, and each
 * write wakes the host, which does for one run nearly what it does for thirty (docs/bench/wire.md).
 */
export class FrameChannel<In extends HostFrame, Out extends HostFrame> implements Disposable {
  readonly #socket: Socket;
  readonly #receives: ReadonlySet<HostFrame["kind"]>;
  readonly #receiver: FrameReceiver<In>;
  readonly #writer = new WireWriter();
  readonly #splitter: FrameSplitter;
  /** When the read that is being handled began or was last flushed; undefined outside of reads. */
  #readingSince: number | undefined;
  #flush: NodeJS.Immediate | undefined;
  /** Since when something waits for `#flush`, and how many bytes did when a turn ended last. */
  #waitingSince = 0;
  #waited = 0;
  #open = true;

  /** `receives` lists the kinds of `In`; any other kind is an error of the other end. */
  constructor(socket: Socket, receives: readonly In["kind"][], receiver: FrameReceiver<In>) {
    this.#socket = socket;
    this.#receives = new Set(receives);
    this.#receiver = receiver;
    this.#splitter = new FrameSplitter((buffer, from, to) => this.#receive(buffer, from, to));
    socket.on("data", (chunk: Buffer) => this.read(chunk));
    socket.on("error", (error) => this.#close(error));
    socket.on("close", () => this.#close(undefined));
  }

  /** Bytes that the other end has not taken yet. */
  get backlog(): number {
    return this.#writer.length + this.#socket.writableLength;
  }

  /** Never blocks; after the end it does nothing. */
  send(frame: Out): void {
    if (!this.#open) return;
    encodeFrame(this.#writer, frame);
    if (this.#readingSince === undefined) this.#flushWhenQuiet();
    else if (performance.now() - this.#readingSince > FLUSH_AFTER) {
      this.#readingSince = performance.now();
      this.#write();
    }
  }

  #flushWhenQuiet(): void {
    if (this.#flush !== undefined) return;
    this.#waitingSince = performance.now();
    this.#waited = 0;
    this.#lookAfterTurn();
  }

  #lookAfterTurn(): void {
    this.#flush = setImmediate(() => {
      this.#flush = undefined;
      const quiet = this.#writer.length <= this.#waited;
      this.#waited = this.#writer.length;
      if (quiet || performance.now() - this.#waitingSince >= FLUSH_AFTER) this.#write();
      else this.#lookAfterTurn();
    });
  }

  #write(): void {
    if (!this.#open || this.#writer.length === 0) return;
    this.#socket.write(this.#writer.take());
    // The kernel has it all, which is so unless the other end is slow.
    if (this.#socket.writableLength === 0) this.#writer.recycle();
  }

  [Symbol.dispose](): void {
    this.#close(undefined);
  }

  /** Bytes that arrived, from a socket that does not emit them; they are good only during the call. */
  read(chunk: Buffer): void {
    if (!this.#open) return;
    this.#readingSince = performance.now();
    try {
      this.#splitter.push(chunk);
      this.#receiver.turn?.();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#close(error);
    } finally {
      this.#readingSince = undefined;
      this.#write();
    }
  }

  #receive(buffer: Buffer, from: number, to: number): void {
    if (!this.#open) return;
    const frame = decodeFrame(buffer, from, to);
    if (!this.#receives.has(frame.kind)) throw new ProtocolError(`'${frame.kind}' goes the other way`);
    this.#receiver.frame(frame as In);
  }

  #close(error: Error | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    clearImmediate(this.#flush);
    this.#socket.destroy();
    this.#receiver.closed(error);
  }
}
