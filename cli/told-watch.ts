import type { WatchOptions } from "../control-plane/api/contract/client.ts";
import type { CommandLine } from "./command-line.ts";
import { printable } from "./output/table.ts";

/**
 * How every watch behaves when its connection is lost: it goes on trying, and says so on standard error, once when it is
 * lost and once when it is back. `signal` ends it.
 */
export function toldWatch({ errors }: Pick<CommandLine, "errors">, signal: AbortSignal): WatchOptions {
  let lost = false;
  return {
    signal,
    onInterruption: ({ message }) => {
      if (!lost) errors.write(`sluice: interrupted: ${printable(message)}; going on when it is back\n`);
      lost = true;
    },
    onResumption: () => {
      errors.write("sluice: it is back\n");
      lost = false;
    },
  };
}
