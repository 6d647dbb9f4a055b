/** How many exchanges are under way on one listener, whatever their protocol, and whether one more may begin. */
export class InFlight {
  readonly #limit: number;
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
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
