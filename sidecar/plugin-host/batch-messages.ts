import { partsOf } from "./text-parts.ts";
import { field } from "./world/fields.ts";

/**
 * The messages of a batch as text, put together once: the plugins of a segment are asked about the same ones, one
 * plugin after the other.
 */
export class BatchMessages {
  #messages: readonly string[] = [];
  #parts: readonly string[] = [];

  parts(messages: readonly string[]): readonly string[] {
    if (!this.#holds(messages)) {
      this.#messages = messages;
      this.#parts = partsOf(messages.map(field).join(""));
    }
    return this.#parts;
  }

  /** Nothing of what was asked stays. */
  clear(): void {
    this.#messages = [];
    this.#parts = [];
  }

  #holds(messages: readonly string[]): boolean {
    const known = this.#messages;
    return known.length === messages.length && messages.every((message, index) => message === known[index]);
  }
}
