import type { Readable } from "node:stream";

import type { Clock } from "../../../core/clock.ts";

/** Chars of a line; the rest of it is dropped. */
const MAX_LINE = 2_000;
/** Lines in one second; those beyond are dropped and counted. */
const LINES_PER_SECOND = 100;
/** Lines that are kept to explain an end. */
const KEPT = 5;

/** What becomes of output. */
export interface OutputSink {
  line(text: string): void;
  /** That many lines of the last second were dropped. */
  dropped(count: number): void;
}

/** Reads a process's output line by line, bounded in every direction, for as long as somebody holds the pipe. */
export class OutputLines {
  readonly #clock: Clock;
  readonly #sink: OutputSink;
  readonly #kept: string[] = [];
  #second = 0;
  #inSecond = 0;
  #dropped = 0;

  constructor(clock: Clock, sink: OutputSink) {
    this.#clock = clock;
    this.#sink = sink;
  }

  read(stream: Readable): void {
    let rest = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = (lines.pop() ?? "").slice(0, MAX_LINE);
      for (const line of lines) this.#take(line);
    });
    stream.on("end", () => rest !== "" && this.#take(rest));
    stream.on("error", () => {});
  }

  /** The last lines, to explain an end. */
  get last(): string {
    return this.#kept.join(" | ");
  }

  #take(line: string): void {
    const text = line.slice(0, MAX_LINE).trimEnd();
    if (text === "") return;
    this.#kept.push(text);
    if (this.#kept.length > KEPT) this.#kept.shift();
    if (this.#hasRoom()) this.#sink.line(text);
    else this.#dropped++;
  }

  #hasRoom(): boolean {
    const second = Math.floor(this.#clock.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
      if (this.#dropped > 0) this.#sink.dropped(this.#dropped);
      this.#dropped = 0;
    }
    return ++this.#inSecond <= LINES_PER_SECOND;
  }
}
