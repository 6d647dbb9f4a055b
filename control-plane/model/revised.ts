/** A record that changes; `revision` is the tick of its last change, 0 before the first, and its ETag over REST. */
export interface Revised {
  readonly revision: number;
}
