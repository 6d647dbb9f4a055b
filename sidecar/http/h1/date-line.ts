import type { Clock } from "../../../core/clock.ts";

/** The Date of answers that have none (RFC 9110 §6.6.1): a line for the wire, made anew once a second at most. */
export class DateLine {
  readonly #clock: Clock;
  #second = -1;
  #text = "";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `Date: Sun, 06 Nov 1994 08:49:37 GMT CRLF` */
  get text(): string {
    const second = Math.floor(this.#clock.wall() / 1000);
    if (second === this.#second) return this.#text;
    this.#second = second;
    return (this.#text = `Date: ${new Date(second * 1000).toUTCString()}\r\n`);
  }
}
