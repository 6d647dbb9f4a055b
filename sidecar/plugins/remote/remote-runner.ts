import type { Clock } from "../../../core/clock.ts";
import type { Ask, AskResult, SegmentCall, SegmentHandle, SegmentRunner } from "../../chain/runner.ts";
import type { FailureCause, Verdict } from "../../chain/verdict.ts";
import type { QuestionEncoder } from "./mesh-request.ts";
import type { PluginLink } from "./plugin-link.ts";
import { Question, type QuestionOwner } from "./question.ts";

type Done = (results: readonly AskResult[]) => void;

/** Questions that wait for a place in flight. */
const MAX_WAITING = 1_024;
/** Their bytes. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** Milliseconds; with less left a question is not worth asking. */
const LEAST_TIME = 1;

const NOT_UNDER_WAY: SegmentHandle = { cancel: () => {} };

/**
 * Asks one generation of a gRPC plugin: no more under way than it allows, the others in a bounded line, each until
 * its time runs out. A generation has a runner of its own, so a segment here is always one plugin.
 */
export class RemoteRunner implements SegmentRunner, QuestionOwner {
  readonly #link: PluginLink;
  readonly #encoder: QuestionEncoder;
  readonly #clock: Clock;
  readonly #inFlight = new Map<Question, Done>();
  /** In order of arrival. */
  readonly #waiting = new Map<Question, Done>();
  #waitingBytes = 0;
  #pumping = false;
  #closing: PromiseWithResolvers<void> | undefined;

  constructor(link: PluginLink, encoder: QuestionEncoder, clock: Clock) {
    this.#link = link;
    this.#encoder = encoder;
    this.#clock = clock;
  }

  run(call: SegmentCall, done: Done): SegmentHandle {
    const ask = call.asks[0];
    if (ask === undefined) throw new RangeError("a segment asks at least one plugin");
    const now = this.#clock.now();
    const due = Math.min(now + ask.timeout, call.deadline);
    const refusal = this.#refusal(call);
    const bytes = refusal === undefined ? this.#encode(call, ask, due - now) : undefined;
    if (bytes === undefined || this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      done([{ verdict: refusal ?? failed("queue_full", "too many bytes wait for this plugin"), micros: 0 }]);
      return NOT_UNDER_WAY;
    }
    const question = new Question(this, call, bytes, now, due);
    question.timer = this.#clock.after(due - now, () => this.#expire(question));
    this.#waiting.set(question, done);
    this.#waitingBytes += bytes.length;
    this.pump();
    return question;
  }

  /** Sends what waits, as far as plugin and connection allow; what has no time left is not sent any more. */
  pump(): void {
    // A question that fails in here asks for more of the same.
    if (this.#pumping) return;
    this.#pumping = true;
    for (const [question, done] of this.#waiting) {
      if (this.#inFlight.size >= this.#link.maxInFlight) break;
      if (question.due - this.#clock.now() < LEAST_TIME) {
        this.#expire(question);
        continue;
      }
      const lane = this.#link.lane();
      if (lane === undefined) break;
      this.#leaveLine(question);
      this.#inFlight.set(question, done);
      question.sent = true;
      lane.send(question);
    }
    this.#pumping = false;
  }

  /** What waits for a connection that is gone does not get one in time, and its answer must not come late. */
  disconnected(reason: string): void {
    for (const question of this.#waiting.keys()) question.fail("unreachable", reason);
  }

  /** Takes nothing new; resolves when nothing is under way any more. */
  async drain(): Promise<void> {
    this.#closing ??= Promise.withResolvers<void>();
    this.#checkDrained();
    await this.#closing.promise;
  }

  settled(question: Question, verdict: Verdict): void {
    const done = this.#remove(question);
    done?.([{ verdict, micros: Math.round((this.#clock.now() - question.acceptedAt) * 1_000) }]);
    this.pump();
  }

  cancelled(question: Question): void {
    this.#remove(question);
    this.pump();
  }

  #refusal({ background }: SegmentCall): Verdict | undefined {
    if (this.#closing !== undefined) return failed("not_loaded", "this generation is being unloaded");
    const { fault } = this.#link;
    if (fault !== undefined) return failed("unreachable", fault);
    // Nobody waits for a background question: when the plugin is busy it is dropped.
    const busy = background
      ? this.#inFlight.size >= this.#link.maxInFlight
      : this.#waiting.size >= MAX_WAITING;
    return busy ? failed("queue_full", "as many questions wait for this plugin as may") : undefined;
  }

  #encode({ message, edits }: SegmentCall, { tag }: Ask, timeout: number): Buffer {
    const asked = { message, edits, tag, timeout };
    return this.#link.observes ? this.#encoder.observe(asked) : this.#encoder.request(asked);
  }

  #expire(question: Question): void {
    const { acceptedAt, due, call } = question;
    const after = `no answer within ${Math.round(due - acceptedAt)} ms`;
    if (due === call.deadline) question.expire("chain_deadline", `${after}: the chain's deadline has passed`);
    else if (question.sent) question.expire("timeout", after);
    else question.expire("queue_full", `${after}: it waited for its turn all the time`);
  }

  #remove(question: Question): Done | undefined {
    const done = this.#inFlight.get(question) ?? this.#waiting.get(question);
    if (!this.#inFlight.delete(question)) this.#leaveLine(question);
    this.#checkDrained();
    return done;
  }

  #leaveLine(question: Question): void {
    if (this.#waiting.delete(question)) this.#waitingBytes -= question.bytes.length;
  }

  #checkDrained(): void {
    if (this.#inFlight.size + this.#waiting.size === 0) this.#closing?.resolve();
  }
}

function failed(cause: FailureCause, detail: string): Verdict {
  return { kind: "failed", cause, detail };
}
