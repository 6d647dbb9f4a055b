import type { LabelledFamily } from "../../core/metrics/family.ts";
import type { MetricsRegistry } from "../../core/metrics/registry.ts";
import type { Counter, Gauge, Histogram } from "../../core/metrics/series.ts";
import type { Protocol } from "../http/exchange.ts";
import { EXCHANGE_BUCKETS } from "./buckets.ts";

/** How an exchange ended, as far as metrics care. */
export interface ExchangeEnd {
  readonly protocol: Protocol;
  /** 0: cut without an answer. */
  readonly status: number;
  /** The code of `X-Mesh-Error`, or why it was cut; undefined where nothing went wrong. A closed list. */
  readonly error: string | undefined;
  /** From the request's head to the last byte of the answer, ms. */
  readonly duration: number;
  /** Body bytes. */
  readonly received: number;
  readonly sent: number;
  /** Names of request fields that did not go on. */
  readonly dropped: readonly string[];
}

interface Families {
  readonly exchanges: LabelledFamily<Counter>;
  readonly durations: LabelledFamily<Histogram>;
  readonly bytes: LabelledFamily<Counter>;
  readonly inFlight: LabelledFamily<Gauge>;
  readonly dropped: LabelledFamily<Counter>;
}

/** Exchanges by listener. Make it once for a registry, and one `listener` for each listener. */
export class ExchangeMetrics {
  readonly #families: Families;

  constructor(registry: MetricsRegistry) {
    const byClass = ["listener", "protocol", "status_class"];
    this.#families = {
      exchanges: registry.counter(
        "sluice_exchanges_total",
        "Exchanges that ended, and messages refused before they were one, by the class of their status (none: cut without an answer) and error code.",
        [...byClass, "error"],
      ),
      durations: registry.histogram(
        "sluice_exchange_duration_seconds",
        "From the head of the request to the last byte of the answer; without what was refused before it was an exchange.",
        EXCHANGE_BUCKETS,
        byClass,
      ),
      bytes: registry.counter("sluice_exchange_body_bytes_total", "Body bytes from and to clients.", [
        "listener",
        "direction",
      ]),
      inFlight: registry.gauge("sluice_exchanges_in_flight", "Exchanges under way.", ["listener"]),
      dropped: registry.counter(
        "sluice_request_fields_dropped_total",
        "Request fields that went no further because their name has an underscore; see the setting `underscores`.",
        ["listener"],
      ),
    };
  }

  /** `name` is `inbound` or `outbound`. */
  listener(name: string): ListenerMetrics {
    return new ListenerMetrics(name, this.#families);
  }
}

/** Counts the exchanges of one listener; on the path of every request. */
export class ListenerMetrics {
  readonly #name: string;
  readonly #families: Families;
  readonly #inFlight: Gauge;
  readonly #received: Counter;
  readonly #sent: Counter;
  readonly #dropped: Counter;
  readonly #byClass: Record<Protocol, (ClassMetrics | undefined)[]> = {
    "http/1.0": [],
    "http/1.1": [],
    h2: [],
  };

  constructor(name: string, families: Families) {
    this.#name = name;
    this.#families = families;
    this.#inFlight = families.inFlight.with(name);
    this.#received = families.bytes.with(name, "received");
    this.#sent = families.bytes.with(name, "sent");
    this.#dropped = families.dropped.with(name);
  }

  began(): void {
    this.#inFlight.add(1);
  }

  /** Once for each `began`. */
  ended(end: ExchangeEnd): void {
    this.#inFlight.add(-1);
    this.#received.add(end.received);
    this.#sent.add(end.sent);
    if (end.dropped.length > 0) this.#dropped.add(end.dropped.length);
    const statusClass = Math.trunc(end.status / 100);
    const counted = (this.#byClass[end.protocol][statusClass] ??= this.#classMetrics(
      end.protocol,
      statusClass,
    ));
    counted.ended(end.error, end.duration / 1_000);
  }

  /** What was refused before there was an exchange: it had no duration and no body. `status` 0: cut. */
  refused(protocol: Protocol, status: number, error: string): void {
    const statusClass = nameOfClass(Math.trunc(status / 100));
    this.#families.exchanges.with(this.#name, protocol, statusClass, error).add();
  }

  #classMetrics(protocol: Protocol, statusClass: number): ClassMetrics {
    return new ClassMetrics(this.#families, [this.#name, protocol, nameOfClass(statusClass)]);
  }
}

function nameOfClass(statusClass: number): string {
  return statusClass === 0 ? "none" : `${statusClass}xx`;
}

/** The series of one listener, protocol and class of status, found once. */
class ClassMetrics {
  readonly #labels: readonly string[];
  readonly #exchanges: LabelledFamily<Counter>;
  readonly #duration: Histogram;
  readonly #plain: Counter;

  constructor(families: Families, labels: readonly string[]) {
    this.#labels = labels;
    this.#exchanges = families.exchanges;
    this.#duration = families.durations.with(...labels);
    this.#plain = families.exchanges.with(...labels, "");
  }

  ended(error: string | undefined, seconds: number): void {
    this.#duration.observe(seconds);
    if (error === undefined) this.#plain.add();
    else this.#exchanges.with(...this.#labels, error).add();
  }
}
