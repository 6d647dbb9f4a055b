import type { Client, ClientDuplexStream, StatusObject } from "@grpc/grpc-js";

import type { ObserveDown__Output } from "../../../proto/gen/mesh/v1/ObserveDown.ts";
import { observerPlugin } from "../../../proto/observer-plugin.ts";
import { describe } from "./execute-lane.ts";
import type { Lane, LaneEvents } from "./lane.ts";
import type { QuestionEncoder } from "./mesh-request.ts";
import { questionKey, type Question } from "./question.ts";

const { path, responseDeserialize } = observerPlugin.Observe;

/** Messages about questions that are not open which a stream may carry; one more, and it is a flood and is cut. */
const STRAYS = 1_000;
/** And for each question that was taken back: its answer may be on the way. */
const STRAYS_PER_CANCEL = 8;

/** Many questions on one long-lived Observe stream. */
export class ObserveLane implements Lane {
  readonly #stream: ClientDuplexStream<Buffer, ObserveDown__Output>;
  readonly #events: LaneEvents;
  readonly #encoder: QuestionEncoder;
  readonly #open = new Map<number, Question>();
  #strays = STRAYS;
  #writable = true;
  #broken = false;

  constructor(client: Client, encoder: QuestionEncoder, events: LaneEvents) {
    this.#events = events;
    this.#encoder = encoder;
    this.#stream = client.makeBidiStreamRequest(path, asItIs, responseDeserialize);
    this.#stream.on("data", (down: ObserveDown__Output) => this.#receive(down));
    this.#stream.on("drain", () => this.#drained());
    this.#stream.on("status", (status: StatusObject) =>
      this.#break(`the Observe stream ended: ${describe(status)}`),
    );
    // Told by `status` too, but without a listener it would end the process.
    this.#stream.on("error", () => {});
  }

  get writable(): boolean {
    return this.#writable && !this.#broken;
  }

  send(question: Question): void {
    if (this.#open.has(question.key)) return question.fail("queue_full", "the same question is under way");
    this.#open.set(question.key, question);
    question.abandon = () => this.#cancel(question);
    this.#write(question.bytes);
  }

  close(reason: string): void {
    this.#break(reason);
    this.#stream.cancel();
  }

  #receive(down: ObserveDown__Output): void {
    const question = this.#open.get(questionKey(down.id, down.position));
    if (question === undefined) return this.#stray();
    switch (down.event) {
      case "next":
        if (down.next !== undefined && down.next !== null) question.next(down.next);
        return;
      case "completed":
        this.#open.delete(question.key);
        return question.complete();
      case "failed":
        this.#open.delete(question.key);
        return question.fail("throw", (down.failed ?? "").slice(0, 500));
      case undefined:
        this.#open.delete(question.key);
        this.#cancel(question);
        return question.fail("invalid_answer", "an ObserveDown without an event");
    }
  }

  /** Late answers to what was taken back are to be expected, but not without end. */
  #stray(): void {
    if (--this.#strays < 0)
      this.close("the plugin floods its Observe stream with answers that nobody asked for");
  }

  #cancel({ key, call: { message } }: Question): void {
    if (!this.#open.delete(key) || this.#broken) return;
    this.#strays += STRAYS_PER_CANCEL;
    this.#write(this.#encoder.cancel(message.id, message.position));
  }

  #write(bytes: Buffer): void {
    if (!this.#stream.write(bytes)) this.#writable = false;
  }

  #drained(): void {
    if (this.#writable || this.#broken) return;
    this.#writable = true;
    this.#events.writable();
  }

  #break(reason: string): void {
    if (this.#broken) return;
    this.#broken = true;
    // First of all, so that no failure below sends what waits onto a connection that is about to go.
    this.#events.broken(reason);
    for (const question of this.#open.values()) question.fail("unreachable", reason);
    this.#open.clear();
  }
}

function asItIs(bytes: Buffer): Buffer {
  return bytes;
}
