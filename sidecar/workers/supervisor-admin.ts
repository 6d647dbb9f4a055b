import type { Logger } from "../../core/log.ts";
import type { AdminProviders, RetryOutcome } from "../admin/admin-providers.ts";
import type { Readiness } from "../admin/readiness.ts";
import { loggingOf, packagesPage } from "../admin-wiring.ts";
import type { ConfigOrigin } from "../config-origin.ts";
import type { Configuration } from "../config/configuration.ts";
import type { ResolvedSettings } from "../settings-source.ts";
import type { SupervisorTelemetry } from "./supervisor-telemetry.ts";
import type { WorkerSet } from "./worker-set.ts";

/** The parts of a supervisor that the admin server looks at. */
export interface SupervisorParts {
  readonly settings: ResolvedSettings;
  readonly workers: WorkerSet;
  readonly origin: ConfigOrigin;
  readonly configuration: Configuration;
  /** Of the whole: the phase it is in. */
  readonly readiness: Readiness;
  readonly telemetry: SupervisorTelemetry;
}

/** What the admin server shows of all workers together, and what it has them do. */
export function supervisorProviders(
  { settings, workers, origin, configuration, readiness, telemetry }: SupervisorParts,
  { log, drain }: { readonly log: Logger; readonly drain: () => void },
): AdminProviders {
  const logging = loggingOf(log);
  return {
    notReady: async () => {
      const reasons = readiness.reasons();
      return reasons.length > 0 ? reasons : workers.notReady();
    },
    readyNote: () => origin.note,
    metrics: () => telemetry.expose(),
    config: () => ({
      settings,
      configuration: configuration.status,
      controlPlane: origin.page,
      workers: workersPage(workers),
    }),
    plugins: async () => ({ ...packagesPage(origin.packages), workers: await pages(workers, "plugins") }),
    clusters: async () => ({ workers: await pages(workers, "clusters") }),
    logging: {
      get: () => logging.get(),
      set: (level) => {
        logging.set(level);
        void workers.askAll("setLogLevel", level);
      },
    },
    drain,
    retryPlugin: async (name) => {
      const answers = await workers.askAll("releasePlugin", name);
      const outcome = together(answers.flatMap((each) => ("answer" in each ? each.answer : [])));
      if (outcome.kind === "retrying") configuration.retry();
      return outcome;
    },
    workers: () => workersPage(workers),
  };
}

/** A page of each worker, under its number. */
async function pages(
  workers: WorkerSet,
  name: "plugins" | "clusters",
): Promise<Readonly<Record<string, unknown>>> {
  const answers = await workers.askAll(name, null);
  return Object.fromEntries(
    answers.map((each) => [
      each.worker.number,
      "answer" in each ? each.answer : { unavailable: each.failure },
    ]),
  );
}

function workersPage(workers: WorkerSet): unknown {
  return Object.fromEntries(workers.seats.map(({ number, state, pid }) => [number, { state, pid }]));
}

/** One that tries again is enough; that nobody knows the plugin is true only of all. */
function together(outcomes: readonly RetryOutcome[]): RetryOutcome {
  return (
    outcomes.find(({ kind }) => kind === "retrying") ??
    outcomes.find(({ kind }) => kind === "nothing_to_retry") ?? { kind: "unknown_plugin" }
  );
}
