import { Presets, SingleBar } from "cli-progress";

import { formatSize } from "../../core/size.ts";
import type { CommandLine } from "../command-line.ts";

/** A bar of bytes on standard error; nothing where that is no terminal. Dispose of it to leave the line. */
export interface Progress extends Disposable {
  update(done: number): void;
}

export function progress(line: CommandLine, label: string, total: number): Progress {
  if (!line.isTerminal) return { update: () => undefined, [Symbol.dispose]: () => undefined };
  const bar = new SingleBar(
    {
      stream: line.errors,
      format: `${label} {bar} {percentage}% of ${formatSize(total)}`,
      clearOnComplete: true,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { update: (done) => bar.update(done), [Symbol.dispose]: () => bar.stop() };
}
