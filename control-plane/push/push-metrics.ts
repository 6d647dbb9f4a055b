import type { LabelledFamily } from "../../core/metrics/family.ts";
import type { MetricsRegistry } from "../../core/metrics/registry.ts";
import type { Counter, Histogram } from "../../core/metrics/series.ts";

/** Seconds: from one round trip to an `init` that takes its time. */
const ANSWER_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
const CONVERGENCE_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const;

/** What is counted of the streams; make it once for a registry. */
export class PushMetrics {
  /** Labels: type. */
  readonly sent: LabelledFamily<Counter>;
  /** Labels: type, result (ack, nack, timeout, stale). */
  readonly results: LabelledFamily<Counter>;
  /** Labels: type. */
  readonly suppressed: LabelledFamily<Counter>;
  /** Labels: type. */
  readonly answers: LabelledFamily<Histogram>;
  readonly convergence: Histogram;
  /** Labels: result (taken, or why it was refused). */
  readonly connects: LabelledFamily<Counter>;
  /** Labels: kind. */
  readonly messages: LabelledFamily<Counter>;
  readonly throttled: Counter;

  constructor(registry: MetricsRegistry) {
    this.sent = registry.counter("sluice_cp_push_sent_total", "Resources sent to nodes.", ["type"]);
    this.results = registry.counter(
      "sluice_cp_push_total",
      "What became of resources that were sent: ack, nack, timeout (no answer in time; one may still come), " +
        "stale (an answer to something older, ignored).",
      ["type", "result"],
    );
    this.suppressed = registry.counter(
      "sluice_cp_nack_resends_suppressed_total",
      "Times that a content was not sent to a node since the node had refused it.",
      ["type"],
    );
    this.answers = registry.histogram(
      "sluice_cp_push_answer_seconds",
      "From sending a resource to the node's answer.",
      ANSWER_BUCKETS,
      ["type"],
    );
    this.convergence = registry
      .histogram(
        "sluice_cp_push_convergence_seconds",
        "From the change that a cluster's nodes were to take to all connected ones of it being SYNCED.",
        CONVERGENCE_BUCKETS,
      )
      .with();
    this.connects = registry.counter(
      "sluice_cp_connects_total",
      "Streams that nodes opened: taken, or why not.",
      ["result"],
    );
    this.messages = registry.counter("sluice_cp_messages_total", "Messages from nodes.", ["kind"]);
    this.throttled = registry
      .counter(
        "sluice_cp_messages_throttled_total",
        "Times that a node was not read from since it sent too much.",
      )
      .with();
  }
}

/** What a scrape reads of the streams. */
export interface StreamState {
  streams(): number;
  connecting(): number;
  /** That snapshots are made as of. */
  tick(): number;
}

/** Registers what is read of the streams at each scrape. */
export function observeStreams(registry: MetricsRegistry, state: StreamState): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registry.observe(name, help, "gauge", [], () => [[[], read()]]);
  gauge("sluice_cp_streams", "Streams of nodes that are open.", () => state.streams());
  gauge("sluice_cp_connecting", "Nodes that have opened a stream and are not welcome yet.", () =>
    state.connecting(),
  );
  gauge("sluice_cp_tick", "Tick that what is sent to nodes is made as of.", () => state.tick());
}
