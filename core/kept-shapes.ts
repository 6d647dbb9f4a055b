/**
 * V8 forgets the shape of objects of which none is left, and throws away all compiled code that knows it. A collection
 * that finds nothing under way, as one in an idle moment does, so cost hundreds of functions their code, and the next
 * thousands of requests up to twice the time (docs/bench/wire.md). Whoever makes objects for each request keeps the last
 * one here, and what it leads to.
 */
export class KeptShapes {
  readonly #kept: object[] = [];

  /** In place of the one before. */
  keep(last: object): void {
    this.#kept[0] = last;
  }
}
