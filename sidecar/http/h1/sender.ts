import type { Socket } from "node:net";

import type { HeaderBlock } from "../../../core/headers/header-block.ts";
import type { BodySink, BodySource } from "../exchange.ts";
import { WireError } from "../wire-error.ts";
import { CHUNK_END, chunkSizeLine, lastChunk } from "./chunked-writer.ts";
import type { Deadline } from "../deadlines.ts";
import type { Framing } from "./message.ts";
import { atTurnEnd, type TurnEnd } from "../turn-end.ts";

/** Up to this many bytes are joined to one string and leave in one write: what node:net sends without allocating. */
const ONE_WRITE = 16 * 1024;

export interface SenderOwner {
  /** The whole message was given to the kernel. May come within another connection's call (turn-end.ts). */
  messageSent(): void;
  /** The source broke off, or gave other bytes than it announced: the message cannot be completed. */
  messageBroken(error: WireError): void;
}

/**
 * The sending half of a connection: one message after the other, as a head and a body in its framing. What is there in
 * the same turn leaves in one write at its end. When the peer does not read, the source is paused and `stall` is armed.
 */
export class Sender implements BodySink, TurnEnd {
  readonly #socket: Socket;
  readonly #owner: SenderOwner;
  readonly #stall: Deadline;
  readonly #patience: number;
  readonly #flushed = (): void => this.#completed();
  #state: "idle" | "streaming" | "flushing" | "closed" = "idle";
  #framing: Framing["kind"] = "none";
  #left = 0;
  #source: BodySource | undefined;
  /** latin1 text that was not written yet. */
  #batch = "";
  /** While a source is being started: what it delivers at once joins the head. */
  #holding = false;
  #scheduled = false;
  #blocked = false;

  /** Whether anything of the message under way, or of the last one, was given to the socket. */
  begun = false;
  /** Content bytes of that message that were taken so far. */
  contentBytes = 0;

  /** `stall` runs out, through its own callback, `patience` ms after the peer stopped reading. */
  constructor(socket: Socket, owner: SenderOwner, stall: Deadline, patience: number) {
    this.#socket = socket;
    this.#owner = owner;
    this.#stall = stall;
    this.#patience = patience;
  }

  /** Whether a message is under way. */
  get busy(): boolean {
    return this.#state === "streaming" || this.#state === "flushing";
  }

  /** A head that is no message of its own: 100, 103. */
  interim(head: string): void {
    if (this.#state === "closed") return;
    this.#batch += head;
    this.#flush();
  }

  /** A message that is there already. */
  sendWhole(head: string, body: Buffer | undefined): void {
    if (this.#state === "closed") return;
    this.#framing = "none";
    this.begun = false;
    this.contentBytes = 0;
    this.#batch += head;
    if (body !== undefined && body.length > 0) this.#add(body);
    this.#finish();
  }

  /** A message whose body comes from `source` and is written in `framing`. */
  sendStream(head: string, framing: Framing, source: BodySource): void {
    if (this.#state === "closed") return;
    this.begun = false;
    this.contentBytes = 0;
    this.#batch += head;
    this.#framing = framing.kind;
    this.#left = framing.kind === "length" ? framing.length : 0;
    this.#source = source;
    this.#state = "streaming";
    this.#holding = true;
    source.start(this);
    this.#holding = false;
    if (this.#source === undefined) this.#finish();
    else this.#flushLater();
  }

  chunk(bytes: Buffer): boolean {
    if (this.#state !== "streaming") return false;
    if (bytes.length === 0) return !this.#blocked;
    if (this.#framing === "length") {
      this.#left -= bytes.length;
      if (this.#left < 0) return this.#lied();
    }
    this.#add(bytes);
    return !this.#blocked;
  }

  end(trailers: HeaderBlock | undefined): void {
    if (this.#state !== "streaming") return;
    if (this.#framing === "length" && this.#left > 0) {
      this.#lied();
      return;
    }
    this.#source = undefined;
    if (this.#framing === "chunked") this.#batch += lastChunk(trailers);
    if (!this.#holding) this.#finish();
  }

  fail(error: WireError): void {
    if (this.#state !== "streaming") return;
    this.#source = undefined;
    this.#state = "closed";
    this.#owner.messageBroken(error);
  }

  /** The socket's `drain`: the kernel took everything. */
  drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#stall.disarm();
    this.#source?.resume();
  }

  /** Writes nothing and calls nobody any more; gives back the source that was under way, for its owner to cancel. */
  close(): BodySource | undefined {
    const source = this.#source;
    this.#state = "closed";
    this.#source = undefined;
    this.#batch = "";
    this.#stall.disarm();
    return source;
  }

  #add(bytes: Buffer): void {
    this.contentBytes += bytes.length;
    const chunked = this.#framing === "chunked";
    const joinable = this.#batch.length + bytes.length <= ONE_WRITE;
    if (!joinable || (this.#batch === "" && !chunked)) {
      this.#writeApart(bytes, chunked);
      return;
    }
    if (chunked) this.#batch += chunkSizeLine(bytes.length) + bytes.toString("latin1") + CHUNK_END;
    else this.#batch += bytes.toString("latin1");
    if (!this.#holding && this.#state === "streaming") this.#flushLater();
  }

  #writeApart(bytes: Buffer, chunked: boolean): void {
    const before = chunked ? this.#batch + chunkSizeLine(bytes.length) : this.#batch;
    this.#batch = "";
    this.begun = true;
    if (before === "") {
      this.#note(this.#socket.write(bytes));
      return;
    }
    this.#socket.cork();
    this.#socket.write(before, "latin1");
    const taken = this.#socket.write(bytes);
    const allTaken = chunked ? this.#socket.write(CHUNK_END, "latin1") : taken;
    this.#socket.uncork();
    this.#note(allTaken);
  }

  #flushLater(): void {
    if (this.#scheduled || this.#batch === "") return;
    this.#scheduled = true;
    atTurnEnd(this);
  }

  turnEnded(): void {
    this.#scheduled = false;
    // What was put off may have left meanwhile, with more of its message, and then its end was settled with it.
    if (this.#batch === "") return;
    this.#flush();
    if (this.#state === "flushing") this.#settle();
  }

  #flush(): void {
    if (this.#batch === "") return;
    const text = this.#batch;
    this.#batch = "";
    this.begun = true;
    this.#note(this.#socket.write(text, "latin1"));
  }

  /** A write that the kernel took whole may still count as full for node:net; only what waits is back-pressure. */
  #note(taken: boolean): void {
    if (taken || this.#blocked || this.#socket.writableLength === 0) return;
    this.#blocked = true;
    this.#stall.arm(this.#patience);
  }

  #finish(): void {
    if (this.#state === "closed") return;
    this.#state = "flushing";
    if (this.#batch === "") this.#settle();
    else this.#flushLater();
  }

  /** All of the message was written: whether the kernel has it too. */
  #settle(): void {
    if (this.#socket.writableLength === 0) {
      this.#completed();
      return;
    }
    this.#stall.arm(this.#patience);
    this.#socket.write("", "latin1", this.#flushed);
  }

  #completed(): void {
    if (this.#state !== "flushing") return;
    this.#state = "idle";
    this.#stall.disarm();
    this.#owner.messageSent();
  }

  #lied(): false {
    const source = this.#source;
    this.#source = undefined;
    this.#state = "closed";
    const error = new WireError("cancelled", "a body has another length than was announced");
    source?.cancel(error);
    this.#owner.messageBroken(error);
    return false;
  }
}
