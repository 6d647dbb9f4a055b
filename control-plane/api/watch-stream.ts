import type { ServerResponse } from "node:http";

import type { Clock, Timer } from "../../core/clock.ts";
import type { ProblemDocument } from "./problem.ts";

export interface WatchPace {
  /** Least time between two answers, ms: what changes in between is told at once. */
  readonly interval: number;
  /** Between comments that keep the connection open, ms. */
  readonly heartbeat: number;
  /** How long a reader may not read before it is cut, ms. */
  readonly patience: number;
}

export interface WatchStreamOptions {
  readonly response: ServerResponse;
  readonly clock: Clock;
  readonly pace: WatchPace;
  /** The answer as of just now. */
  readonly first: unknown;
  /** The answer as of now; throws where there is none any more, or the token has ended. */
  readonly evaluate: () => Promise<unknown>;
  readonly problemOf: (thrown: unknown) => ProblemDocument;
}

/**
 * One answer as server-sent events: sent once, and again whenever it differs after a change. A reader that is too slow
 * gets the last state instead of every one, and is cut when it reads nothing at all.
 */
export class WatchStream {
  /** Resolves when the stream has ended, whoever ended it. */
  readonly ended: Promise<void>;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #pace: WatchPace;
  readonly #evaluate: () => Promise<unknown>;
  readonly #problemOf: (thrown: unknown) => ProblemDocument;
  readonly #heartbeat: Timer;
  #pause: Timer | undefined;
  #patience: Timer | undefined;
  #last: string | undefined;
  #evaluating = false;
  #dirty = false;
  #over = false;

  constructor({ response, clock, pace, first, evaluate, problemOf }: WatchStreamOptions) {
    this.#response = response;
    this.#clock = clock;
    this.#pace = pace;
    this.#evaluate = evaluate;
    this.#problemOf = problemOf;
    this.ended = new Promise((resolve) => response.once("close", resolve));
    this.#heartbeat = clock.every(pace.heartbeat, () => this.#beat());
    response.on("drain", () => this.#drained()).once("close", () => this.#release());
    this.#send(first);
    // What happened since the first answer was made was told to nobody.
    this.changed();
  }

  /** Something changed: the answer may be another one. */
  changed(): void {
    this.#dirty = true;
    this.#schedule();
  }

  /** Ends the stream in order; the reader will come again. */
  end(): void {
    if (this.#over) return;
    this.#release();
    this.#response.end();
  }

  #schedule(): void {
    const waiting = this.#pause !== undefined || this.#patience !== undefined || this.#evaluating;
    if (this.#over || waiting || !this.#dirty) return;
    this.#pause = this.#clock.after(this.#pace.interval, () => {
      this.#pause = undefined;
      void this.#tell();
    });
  }

  /** Never rejects. */
  async #tell(): Promise<void> {
    if (this.#over || this.#evaluating) return;
    this.#evaluating = true;
    this.#dirty = false;
    try {
      this.#send(await this.#evaluate());
    } catch (error) {
      this.#write(`event: problem\ndata: ${JSON.stringify(this.#problemOf(error))}\n\n`);
      this.end();
    }
    this.#evaluating = false;
    this.#schedule();
  }

  #send(answer: unknown): void {
    const text = JSON.stringify(answer);
    if (text !== this.#last) this.#write(`data: ${text}\n\n`);
    this.#last = text;
  }

  /** Answers are evaluated at each heartbeat too: time changes some of them, and ends tokens. */
  #beat(): void {
    if (this.#patience !== undefined) return;
    this.#write(": heartbeat\n\n");
    this.changed();
  }

  #write(text: string): void {
    if (this.#over || this.#response.write(text)) return;
    this.#patience ??= this.#clock.after(this.#pace.patience, () => this.#response.destroy());
  }

  #drained(): void {
    this.#patience?.[Symbol.dispose]();
    this.#patience = undefined;
    this.#schedule();
  }

  #release(): void {
    this.#over = true;
    this.#heartbeat[Symbol.dispose]();
    this.#pause?.[Symbol.dispose]();
    this.#patience?.[Symbol.dispose]();
  }
}
