import { systemClock } from "../core/clock.ts";
import { MeshError } from "../core/errors.ts";
import { createLogger } from "../core/log.ts";
import { followParent } from "../core/parent-pipe.ts";
import { ControlPlane } from "./app.ts";
import { readSettings } from "./settings-source.ts";

// Environment, signals and the exit code: the only file of the control plane that knows the process.

async function main(): Promise<void> {
  const { values: settings, warnings } = await readSettings(process.argv.slice(2), process.env);
  const log = createLogger(settings.logLevel);
  for (const warning of warnings) log.warn(warning);
  if (settings.tlsCertificate === "" && !["127.0.0.1", "::1"].includes(settings.api.host)) {
    log.warn("tokens cross the network readable: give --tls-certificate and --tls-key, or put TLS in front");
  }

  const stop = Promise.withResolvers<NodeJS.Signals>();
  process.once("SIGINT", stop.resolve).once("SIGTERM", stop.resolve);
  const environment = process.env;
  followParent(environment, process.stdin, () => stop.resolve("SIGTERM"));
  await using controlPlane = await ControlPlane.open({ settings, environment, clock: systemClock, log });
  log.info({ ...(await controlPlane.start()), pid: process.pid }, "ready");
  const signal = await stop.promise;
  log.info({ signal, deadline: settings.drainTimeout }, "draining");
  await controlPlane.drain(settings.drainTimeout);
  log.info("drained");
}

try {
  await main();
} catch (error) {
  if (!(error instanceof MeshError)) throw error;
  process.stderr.write(`sluice control-plane: ${error.message}\n`);
  process.exitCode = 1;
}
