/** Which digests a collection must spare: those that somebody holds, and those that came since it began. */
export class Arrivals {
  readonly #held = new Map<string, number>();
  readonly #collections = new Set<Set<string>>();

  /** Until the lease is disposed of. */
  hold(digest: string): Disposable {
    this.#held.set(digest, (this.#held.get(digest) ?? 0) + 1);
    for (const spared of this.#collections) spared.add(digest);
    let over = false;
    return {
      [Symbol.dispose]: () => {
        if (over) return;
        over = true;
        const left = (this.#held.get(digest) ?? 1) - 1;
        if (left === 0) this.#held.delete(digest);
        else this.#held.set(digest, left);
      },
    };
  }

  /** What to spare from now on; grows until it is disposed of. */
  spare(): { readonly digests: ReadonlySet<string> } & Disposable {
    const digests = new Set(this.#held.keys());
    this.#collections.add(digests);
    return { digests, [Symbol.dispose]: () => void this.#collections.delete(digests) };
  }
}
