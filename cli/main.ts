import { systemClock } from "../core/clock.ts";
import { runCommand } from "./run-command.ts";

/** Until a command that ends by itself asks for it, Ctrl-C ends the process. */
function stopOfCommand(): AbortSignal {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  return stop.signal;
}

function become(args: readonly string[], environment: Readonly<Record<string, string>>): never {
  if (process.execve === undefined) throw new Error("this platform replaces no process");
  return process.execve(process.execPath, [process.execPath, ...args], { ...process.env, ...environment });
}

let readerIsGone = false;

// Whoever reads our output may stop reading: `sluice get nodes | head`. What runs until it is told to end is told.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  if (readerIsGone) return;
  readerIsGone = true;
  if (!process.emit("SIGTERM", "SIGTERM")) process.exit(0);
});

process.exitCode = await runCommand(process.argv.slice(2), {
  output: process.stdout,
  errors: process.stderr,
  isTerminal: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
  environment: process.env,
  directory: process.cwd(),
  clock: systemClock,
  stop: stopOfCommand,
  become: process.execve === undefined ? undefined : become,
});
