import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";

/** Descriptors that are opened to reach a limit. */
const FILL = 64;

/** From now on a process may have this many descriptors open; the limit can be raised again. */
export function limitDescriptors(pid: number, most: number): void {
  execFileSync("prlimit", [`--pid=${pid}`, `--nofile=${most}:`]);
}

/** This very process at its limit of descriptors, with so many left to open, until it is disposed of. */
export class ScarceDescriptors implements Disposable {
  readonly #usual = softLimit();
  readonly #opened: number[] = [];

  constructor(left: number) {
    const next = openSync("/dev/null", "r");
    closeSync(next);
    limitDescriptors(process.pid, next + FILL);
    this.#fill();
    for (const descriptor of this.#opened.splice(-left, left)) closeSync(descriptor);
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#opened) closeSync(descriptor);
    limitDescriptors(process.pid, this.#usual);
  }

  #fill(): void {
    try {
      for (;;) this.#opened.push(openSync("/dev/null", "r"));
    } catch {
      // That was the last one.
    }
  }
}

function softLimit(): number {
  const flags = [`--pid=${process.pid}`, "--nofile", "--output=SOFT", "--noheadings"];
  return Number(execFileSync("prlimit", flags, { encoding: "utf8" }));
}
