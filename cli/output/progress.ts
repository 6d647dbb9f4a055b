import { Presets, SingleBar } from "cli-progress";

import type { CommandLine } from "../command-line.ts";

/** A bar on standard error; nothing where nobody sees it. Dispose of it to leave the line. */
export interface Progress extends Disposable {
  /** `total`: another one than before. */
  update(done: number, total?: number): void;
}

/** `format`: with `{bar}`, `{percentage}`, `{value}` and `{total}`. */
export function progress(line: CommandLine, format: string, total: number): Progress {
  if (!line.isTerminal) return { update: () => undefined, [Symbol.dispose]: () => undefined };
  const options = { stream: line.errors, format, clearOnComplete: true, hideCursor: true };
  const bar = new SingleBar(options, Presets.shades_classic);
  bar.start(total, 0);
  return {
    update: (done, total = bar.getTotal()) => {
      bar.setTotal(total);
      bar.update(done);
    },
    [Symbol.dispose]: () => bar.stop(),
  };
}
