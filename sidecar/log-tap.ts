type Listener = (lines: string) => void;

/** The way of all lines of the log to where they are written; others may listen on it. */
export class LogTap {
  readonly #output: { write(lines: string): void };
  #listener: Listener | undefined;

  constructor(output: { write(lines: string): void }) {
    this.#output = output;
  }

  write(lines: string): void {
    this.#output.write(lines);
    this.#listener?.(lines);
  }

  /** One at a time; undefined: nobody. Must be quick and must not throw. */
  listen(listener: Listener | undefined): void {
    this.#listener = listener;
  }
}
