import { pino, type DestinationStream } from "pino";

import { systemClock } from "./clock.ts";

const FLUSH_EVERY = 250;
const CHUNK = 16 * 1024;
/** What waits for a reader that does not read; beyond it lines are lost rather than traffic held up. */
const MOST_WAITING = 8 * 1024 * 1024;

/** Lines for a file descriptor. A reader that does not read holds nobody up. */
export interface BufferedOutput extends DestinationStream, AsyncDisposable {
  /** Writes at once, behind what was collected: for lines that are rare. */
  write(line: string): void;
  /** Takes a line that leaves within a quarter of a second, with others in one write: for lines of every request. */
  collect(line: string): void;
  /** Chunks of lines that were lost because nobody read. */
  readonly dropped: number;
  /** Once it is disposed of: what waits is still being written, to somebody who does not read. See `endNow`. */
  readonly stuck: boolean;
}

/** ms that the end waits for a reader that does not read. */
const FAREWELL = 1_000;

/** Disposing waits until what waits is written, or a second for a reader. Standard output unless told otherwise. */
export function bufferedOutput(descriptor = 1): BufferedOutput {
  const stream = pino.destination({ dest: descriptor, sync: false, maxLength: MOST_WAITING });
  let dropped = 0;
  let idle = true;
  stream.on("drop", () => dropped++);
  stream.on("drain", () => (idle = true));
  // A reader that went away (EPIPE) must not take the process with it; what it did not read is not waited for.
  stream.on("error", () => {
    dropped++;
    idle = true;
  });
  // One string grows by appending for almost nothing, where each write of the stream measures and files its line.
  let waiting = "";
  const pass = (): void => {
    if (waiting === "") return;
    idle = false;
    stream.write(waiting);
    waiting = "";
  };
  const timer = systemClock.every(FLUSH_EVERY, pass).unref();
  const collect = (line: string): void => {
    waiting += line;
    if (waiting.length >= CHUNK) pass();
  };
  return {
    collect,
    write: (line) => {
      waiting += line;
      pass();
    },
    get dropped() {
      return dropped;
    },
    get stuck() {
      return !idle;
    },
    [Symbol.asyncDispose]: async () => {
      timer[Symbol.dispose]();
      pass();
      if (!idle) await settled(stream);
    },
  };
}

/** Not `flushSync`, which tries for ever where nobody reads. */
async function settled(stream: ReturnType<typeof pino.destination>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once("drain", resolve);
  stream.once("error", resolve);
  using _ = systemClock.after(FAREWELL, resolve);
  await promise;
}
