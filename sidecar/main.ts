import { inspect } from "node:util";

import { bufferedOutput, type BufferedOutput } from "../core/buffered-output.ts";
import { systemClock } from "../core/clock.ts";
import { endNow } from "../core/end-now.ts";
import { MeshError } from "../core/errors.ts";
import { createLogger } from "../core/log.ts";
import { followParent } from "../core/parent-pipe.ts";
import type { SidecarOptions, SidecarPorts } from "./app.ts";
import { LogTap } from "./log-tap.ts";
import { readSettings } from "./settings-source.ts";
import { CUT_CODE, StopSignals } from "./stop-signals.ts";
import { workerCount } from "./workers/worker-count.ts";

// Environment, signals and the exit code: the only file of the sidecar that knows the process.

type MainOptions = SidecarOptions & { readonly output: BufferedOutput };

/** Resolves to the exit code. */
async function main(output: BufferedOutput): Promise<number> {
  const settings = await readSettings(process.argv.slice(2), process.env);
  const { logLevel, drainDelay, drainTimeout, workers } = settings.values;
  const tap = new LogTap(output);
  const log = createLogger(logLevel, tap);
  for (const warning of settings.warnings) log.warn(warning);

  const signals = new StopSignals(process, drainDelay);
  const environment = process.env;
  const onDrain = (): void => signals.drain();
  followParent(environment, process.stdin, onDrain);
  const options = { settings, environment, clock: systemClock, log, output, tap, onDrain };
  await using sidecar = await create(options, workerCount(workers));
  const ports = await startUntil(signals.stop, sidecar);
  if (ports === undefined) return 0;
  log.info({ ...ports, pid: process.pid }, "ready");
  const delay = await signals.stop;
  log.info({ delay, deadline: drainTimeout }, "draining");
  const drained = sidecar.drain(delay, drainTimeout);
  const cut = signals.cut.then(() => "cut" as const);
  if ((await Promise.race([drained, cut])) !== "cut") {
    log.info("drained");
    return 0;
  }
  log.warn("SIGINT again: what was under way is cut");
  sidecar.cut();
  await drained;
  return CUT_CODE;
}

/** Undefined: it was told to stop while it waited for a configuration. */
async function startUntil(stop: Promise<unknown>, program: Program): Promise<SidecarPorts | undefined> {
  const stopping = new AbortController();
  void stop.then(() => stopping.abort());
  try {
    return await program.start(stopping.signal);
  } catch (thrown) {
    if (thrown instanceof MeshError && thrown.code === "stopped") return undefined;
    throw thrown;
  }
}

/** What `Sidecar` and `Supervisor` have in common. */
interface Program extends AsyncDisposable {
  start(stop: AbortSignal): Promise<SidecarPorts>;
  drain(delay: number, deadline: number): Promise<void>;
  cut(): void;
}

/** Loads only the code that runs: one process has no supervisor, and a supervisor no data plane. */
async function create(options: MainOptions, count: number): Promise<Program> {
  if (count === 1) return (await import("./app.ts")).Sidecar.create(options);
  const { Supervisor } = await import("./workers/supervisor.ts");
  return Supervisor.create({ ...options, count, errors: process.stderr });
}

async function exitCode(output: BufferedOutput): Promise<number> {
  try {
    return await main(output);
  } catch (error) {
    process.stderr.write(`sluice sidecar: ${error instanceof MeshError ? error.message : inspect(error)}\n`);
    return 1;
  }
}

const output = bufferedOutput();
process.exitCode = await exitCode(output);
await output[Symbol.asyncDispose]();
if (output.stuck) endNow(process.exitCode);
