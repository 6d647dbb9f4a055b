import { monitorEventLoopDelay } from "node:perf_hooks";

import { ServerCredentials } from "@grpc/grpc-js";

import type { Authenticator, TokenActor } from "../../control-plane/access/authenticator.ts";
import { PushMetrics } from "../../control-plane/push/push-metrics.ts";
import { PushServer } from "../../control-plane/push/push-server.ts";
import { RefusalLog } from "../../control-plane/access/refusal-log.ts";
import { PUSH_DEFAULTS } from "../../control-plane/push/push-settings.ts";
import { LiveReports } from "../../control-plane/reports/live-reports.ts";
import { NodeRecords } from "../../control-plane/reports/node-records.ts";
import { ReportFlush } from "../../control-plane/reports/report-flush.ts";
import { ReleaseProjection } from "../../control-plane/releases/release-projection.ts";
import { ReleaseSnapshots } from "../../control-plane/snapshot/release-snapshots.ts";
import { openStore } from "../../control-plane/store/open-store.ts";
import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { MetricsRegistry } from "../../core/metrics/registry.ts";
import { changeChain, changeVersion, CLUSTER, seed } from "./fleet-records.ts";
import type { Answer, Question, Usage } from "./messages.ts";

/** Tokens without a store: `sluice_NODE` speaks for NODE. */
const authenticator: Authenticator = {
  async authenticate(secret): Promise<TokenActor> {
    const node = (secret ?? "").replace("sluice_", "");
    const grants = [{ role: "node", scope: { kind: "all" } }] as const;
    return { kind: "token", name: node, tokenId: node, node, grants };
  },
  onEnded: () => ({ [Symbol.dispose]: () => undefined }),
};

const [folder = "", port = "0"] = process.argv.slice(2);
const log = createLogger("warn");
const store = await openStore(folder, systemClock);
await seed(store);
const projection = new ReleaseProjection({ store, clock: systemClock, log });
await projection.start();
const source = new ReleaseSnapshots(projection);
let rounds = 1;
const reports = new LiveReports(systemClock, { ...PUSH_DEFAULTS, grace: 5_000 });
const flush = new ReportFlush({ store, reports, clock: systemClock, log });
await flush.start();
const metrics = new MetricsRegistry();
const server = new PushServer({
  host: "127.0.0.1",
  port: Number(port),
  credentials: ServerCredentials.createInsecure(),
  artifacts: undefined,
  clock: systemClock,
  log,
  settings: PUSH_DEFAULTS,
  source,
  reports,
  records: new NodeRecords(store, reports, systemClock),
  metrics: new PushMetrics(metrics),
  authenticator,
  refusals: new RefusalLog(store, systemClock),
});
await server.start();
const listeningSince = performance.now();
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
process.stdout.write(`listening ${server.port}\n`);

process.on("message", (question: Question) => void answer(question).then((said) => process.send?.(said)));
process.once("disconnect", () => process.exit(0));

async function answer(question: Question): Promise<Answer> {
  switch (question.kind) {
    case "synced":
      await until(() => synced() >= question.nodes);
      return { kind: "synced", seconds: (performance.now() - listeningSince) / 1_000 };
    case "change":
      return { kind: "change", milliseconds: await change(question.what) };
    case "usage":
      return { kind: "usage", usage: usage() };
    case "goodbye":
      await server.drain(5_000);
      await server[Symbol.asyncDispose]();
      await flush[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      return { kind: "goodbye" };
  }
}

/** One accepted change, as ops make it, and when every connected node had acknowledged what follows from it. */
async function change(what: "chain" | "release"): Promise<readonly number[]> {
  const since = performance.now();
  const acknowledged = new Map<string, number>();
  let tick = Infinity;
  using _ = reports.onChange((node) => {
    const acked = reports.get(node)?.report.resources.chain.acked?.tick ?? 0;
    if (acked >= tick && !acknowledged.has(node)) acknowledged.set(node, performance.now() - since);
  });
  tick = what === "chain" ? await changeChain(store, ++rounds) : await changeVersion(store);
  await until(() => acknowledged.size === server.streams && synced() === server.streams);
  return [...acknowledged.values()];
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 100));
}

function synced(): number {
  return reports.convergence(CLUSTER).synced;
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const longestTurn = delay.max / 1e6;
  delay.reset();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    longestTurn,
    streams: server.streams,
    refused: sumOf("sluice_cp_connects_total", "too_many"),
    sent: sumOf("sluice_cp_push_sent_total", ""),
  };
}

function sumOf(name: string, label: string): number {
  const family = metrics.families.find((each) => each.name === name);
  const samples = [...(family?.samples() ?? [])].filter(
    ({ labels }) => label === "" || labels.includes(label),
  );
  return samples.reduce((sum, { value }) => sum + value, 0);
}
