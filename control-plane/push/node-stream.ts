import { status as Status, type ServerDuplexStream } from "@grpc/grpc-js";

import type { Clock, Timer } from "../../core/clock.ts";
import type { ControlMessage } from "../../proto/gen/mesh/v1/ControlMessage.ts";
import type { NodeMessage__Output } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { Node } from "../model/node.ts";
import type { LogChunk, LogRequest } from "../reports/node-logs.ts";
import type { NodeSnapshot } from "../snapshot/node-snapshot.ts";
import { OperationError } from "../model/operation-error.ts";
import { Delivery, type DeliveryParts } from "./delivery.ts";
import { LogQuestions } from "./log-questions.ts";
import { MessageBudget } from "./message-budget.ts";
import { packageOf } from "./reported-words.ts";
import { StatusIntake } from "./status-intake.ts";

export type NodeCall = ServerDuplexStream<NodeMessage__Output, ControlMessage>;

/** Why nothing is read from the node for now. */
type Hold = "writing" | "budget";

interface StreamIdentity {
  /** Tells its nonces from those of other streams. */
  readonly id: string;
  readonly node: Node;
  readonly incarnation: string;
  readonly tokenId: string;
}

/**
 * The stream of one node, from Welcome to its end. A node that does not read is not read from either, so that what it
 * makes the control plane hold is bounded by what it has in its hands.
 */
export class NodeStream {
  readonly node: Node;
  readonly incarnation: string;
  readonly tokenId: string;
  readonly #call: NodeCall;
  readonly #parts: DeliveryParts;
  readonly #clock: Clock;
  readonly #delivery: Delivery;
  readonly #logs: LogQuestions;
  readonly #intake: StatusIntake;
  readonly #budget: MessageBudget;
  readonly #holds = new Set<Hold>();
  #readAgain: Timer | undefined;
  #closed = false;

  constructor(call: NodeCall, { id, node, incarnation, tokenId }: StreamIdentity, parts: DeliveryParts) {
    this.node = node;
    this.incarnation = incarnation;
    this.tokenId = tokenId;
    this.#call = call;
    this.#parts = parts;
    this.#clock = parts.clock;
    const outlet = { ready: () => this.#ready, write: (message: ControlMessage) => this.write(message) };
    this.#delivery = new Delivery(node, id, outlet, parts);
    this.#logs = new LogQuestions((message) => this.write(message));
    this.#intake = new StatusIntake(node.id, parts.reports);
    this.#budget = new MessageBudget(parts.clock);
    call.on("drain", () => this.#onDrain());
  }

  get spared(): boolean {
    return this.#delivery.spared;
  }

  /** What the node should have now; only the newest is kept. */
  offer(snapshot: NodeSnapshot): void {
    if (!this.#closed) this.#delivery.offer(snapshot);
  }

  write(message: ControlMessage): void {
    if (this.#closed || this.#call.cancelled || this.#call.writableEnded) return;
    if (!this.#call.write(message)) this.#hold("writing");
  }

  /** Any message but the first. */
  take(message: NodeMessage__Output): void {
    if (!this.#closed) this.#guarded(`said ${message.kind ?? "nothing known"}`, () => this.#take(message));
  }

  #take(message: NodeMessage__Output): void {
    this.#parts.metrics.messages.with(message.kind ?? "unknown").add();
    this.#parts.reports.heard(this.node.id);
    this.#understand(message);
    const wait = this.#budget.take(costOf(message));
    if (wait === 0) return;
    this.#parts.metrics.throttled.add();
    this.#hold("budget");
    this.#readAgain = this.#clock.after(wait, () => this.#release("budget")).unref();
  }

  readLog(request: LogRequest, signal: AbortSignal): AsyncIterable<LogChunk> {
    if (!this.#ready)
      throw new OperationError("unavailable", `node ${request.node} does not read at the moment`);
    return this.#logs.read(request, signal);
  }

  /** Nothing more is sent or taken; ending the call is the caller's. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#readAgain?.[Symbol.dispose]();
    this.#delivery[Symbol.dispose]();
    this.#logs.close();
  }

  /** Ends the call after a last message. */
  end(farewell: ControlMessage): void {
    this.write(farewell);
    this.close();
    this.#call.end();
  }

  /** Ends the call with a status: what took its place, or why. */
  abandon(code: Status, details: string): void {
    this.close();
    this.#call.emit("error", { code, details });
  }

  get #ready(): boolean {
    return !this.#closed && !this.#holds.has("writing");
  }

  #understand(message: NodeMessage__Output): void {
    if (message.hello) this.abandon(Status.INVALID_ARGUMENT, "Hello comes once");
    else if (message.ack) this.#delivery.acked(message.ack);
    else if (message.nack) this.#delivery.nacked(message.nack);
    else if (message.log) this.#logs.answer(message.log);
    else if (message.status) this.write({ confirmation: this.#intake.take(message.status) });
    else if (message.stage) {
      const item = packageOf(message.stage);
      if (item !== undefined) this.#parts.reports.holds(this.node.id, item);
    }
  }

  #onDrain(): void {
    this.#release("writing");
    this.#guarded("was sent what is due", () => this.#delivery.pump());
  }

  /** A mistake of ours ends this stream, which comes back, and no other; the log has what happened. */
  #guarded(doing: string, run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#parts.log.error({ err: thrown, node: this.node.id }, `a node's stream broke when it ${doing}`);
      this.abandon(Status.INTERNAL, "something went wrong in the control plane; its log has why");
    }
  }

  #hold(hold: Hold): void {
    this.#holds.add(hold);
    this.#call.pause();
  }

  #release(hold: Hold): void {
    this.#holds.delete(hold);
    if (this.#holds.size === 0 && !this.#closed) this.#call.resume();
  }
}

/** Plugins in a report that are as much work as a message of its own. */
const PLUGINS_OF_A_MESSAGE = 50;

function costOf({ status }: NodeMessage__Output): number {
  return 1 + Math.floor((status?.plugins.length ?? 0) / PLUGINS_OF_A_MESSAGE);
}
