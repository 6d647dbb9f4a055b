import type { Socket } from "node:net";

import type { BodySource, Peer } from "../exchange.ts";
import type { WireLimits } from "../limits.ts";
import type { Deadline, Deadlines } from "../deadlines.ts";
import type { IncomingBody } from "./incoming-body.ts";
import { Intake, type IntakeReader } from "./intake.ts";
import { Sender, type SenderOwner } from "./sender.ts";

/** Milliseconds without a byte until TCP asks whether the peer is there; ten unanswered questions later it is not. */
const PROBED_AFTER = 60_000;

/** A connection, as its socket, its clock and its halves see it. */
export interface TransportOwner extends IntakeReader, SenderOwner {
  /** The socket failed; `closed` follows. */
  broke(cause: Error): void;
  closed(): void;
  /** What the peer had to do next was not done in time. */
  expired(): void;
  /** The peer did not read what was sent to it in time. */
  stalled(): void;
}

/** What both kinds of connection stand on: a socket, its two halves, and the deadline for what the peer does next. */
export class Transport {
  readonly socket: Socket;
  readonly intake: Intake;
  readonly sender: Sender;
  readonly deadline: Deadline;
  readonly #owner: TransportOwner;
  readonly #bodyIdle: number;
  #peer: Peer | undefined;
  #writtenBefore = 0;

  constructor(socket: Socket, owner: TransportOwner, limits: WireLimits, deadlines: Deadlines) {
    this.socket = socket;
    this.#owner = owner;
    this.#bodyIdle = limits.bodyIdle;
    this.intake = new Intake(socket, owner);
    this.deadline = deadlines.deadline(() => owner.expired());
    const stall = deadlines.deadline(() => owner.stalled());
    this.sender = new Sender(socket, owner, stall, limits.bodyIdle);
  }

  get peer(): Peer {
    if (this.#peer !== undefined) return this.#peer;
    const { remoteAddress = "", remotePort = 0, localPort = 0 } = this.socket;
    return (this.#peer = { remoteAddress, remotePort, localPort });
  }

  /** Listeners for the connection's whole life, but for what is read: none is added or removed for a request. */
  listen(): void {
    const { socket, intake, sender } = this;
    socket.on("error", (cause) => this.#owner.broke(cause));
    socket.on("close", () => this.#owner.closed());
    socket.on("drain", () => sender.drained());
    socket.on("end", () => intake.end());
  }

  /**
   * The body being read wants its bytes. While its head is being read too, what is at hand goes at once, so that it
   * can leave in one write with the head.
   */
  feed(body: IncomingBody): void {
    const { intake } = this;
    if (!intake.driving) {
      intake.wake();
      return;
    }
    while (intake.holding && body.readable) if (!this.#owner.step(intake)) return;
  }

  /** Bytes of a body are being read. A tunnel has a deadline only once it is half-closed. */
  bodyMoves(tunnel: boolean): void {
    if (!tunnel || this.deadline.armed) this.deadline.arm(this.#bodyIdle);
  }

  /**
   * From now on the connection must not stay for ever without a byte in either direction: a body is wanted, or one
   * direction of a tunnel has ended.
   */
  watchIdle(): void {
    this.#writtenBefore = this.socket.bytesWritten;
    this.deadline.arm(this.#bodyIdle);
  }

  /** Of a tunnel, which has no deadline while it is open: TCP asks the peer whether it is still there. */
  probeIdle(): void {
    this.socket.setKeepAlive(true, PROBED_AFTER);
  }

  /** Whether bytes were sent since; those that arrive move the deadline themselves. */
  get sentMeanwhile(): boolean {
    return this.socket.bytesWritten !== this.#writtenBefore;
  }

  /** Ends the socket and both halves; gives back the body that was being sent, for the owner to cancel. */
  close(reset: boolean): BodySource | undefined {
    this.deadline.disarm();
    this.intake.drop();
    const source = this.sender.close();
    if (reset) this.socket.resetAndDestroy();
    else this.socket.destroy();
    return source;
  }
}
