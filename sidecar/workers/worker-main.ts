import { bufferedOutput, type BufferedOutput } from "../../core/buffered-output.ts";
import { systemClock } from "../../core/clock.ts";
import { endNow } from "../../core/end-now.ts";
import { ignoreGroupSignals } from "../../core/group-signals.ts";
import { readQuestion } from "./questions.ts";
import { Worker } from "./worker.ts";

// One of several processes that share the ports; `Supervisor` starts it, and its word is all that this follows.

/** ms after which what is still open at the end is left to the kernel. */
const FAREWELL = 5_000;

async function main(output: BufferedOutput): Promise<void> {
  ignoreGroupSignals();
  const drained = Promise.withResolvers<void>();
  const options = { environment: process.env, clock: systemClock, output, onDrained: drained.resolve };
  await using worker = new Worker(options);

  // The supervisor is gone, or has no use for this process: it must not outlive it.
  process.once("disconnect", () => void worker.abandon());
  process.on("message", (message) => {
    void worker
      .answer(readQuestion(message))
      .then((answer) => process.send?.(answer, undefined, {}, () => {}));
  });
  await drained.promise;
  systemClock.after(FAREWELL, () => (output.stuck ? endNow(1) : process.exit(1))).unref();
}

const output = bufferedOutput();
try {
  await main(output);
} finally {
  await output[Symbol.asyncDispose]();
}
if (output.stuck) endNow(0);
// Nothing is left to do, whatever may still be open; what was written has been flushed.
process.exit(0);
