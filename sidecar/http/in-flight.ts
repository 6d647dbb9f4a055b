import { WireError } from "./wire-error.ts";

/** How many exchanges are under way on one listener, whatever their protocol, and whether one more may begin. */
export class InFlight {
  /** Why no further exchange may begin; made once, since under overload many hear it. */
  readonly full: WireError;
  readonly #limit: number;
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.full = new WireError("too_many_requests_in_flight", `${limit} exchanges are under way`);
  }

  get count(): number {
    return this.#count;
  }

  /** Counts an exchange and says whether it is within the limit; `leave` must follow in either case. */
  enter(): boolean {
    this.#count++;
    return this.#count <= this.#limit;
  }

  leave(): void {
    this.#count--;
  }
}
