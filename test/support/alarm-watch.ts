import { setImmediate } from "node:timers/promises";

import { Alarms } from "../../control-plane/alarms/alarms.ts";
import { Incidents } from "../../control-plane/alarms/incidents.ts";
import { Notifier } from "../../control-plane/alarms/notifier.ts";
import { WebhookCaller } from "../../control-plane/alarms/webhook-caller.ts";
import { putWebhook } from "../../control-plane/alarms/webhook-operations.ts";
import { LiveReports } from "../../control-plane/reports/live-reports.ts";
import { openStore } from "../../control-plane/store/open-store.ts";
import type { Store } from "../../control-plane/store/store.ts";
import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import type { TemporaryFolder } from "./temporary-folder.ts";

export const PERSON = { kind: "system", name: "bootstrap" } as const;
export const PATIENCE = { interval: 5_000, notConverged: 60_000, releaseWaiting: 3_600_000 };
const LIMITS = { heartbeat: 10_000, grace: 5_000, answerTimeout: 30_000 };
/** After so long, a node that said nothing is OFFLINE. */
export const SILENCE: number = 6 * LIMITS.heartbeat + LIMITS.grace + PATIENCE.interval;

export interface AlarmWatch extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly reports: LiveReports;
  readonly alarms: Alarms;
  /** A node refuses the chain that it was sent. */
  refuses(node: string, problem: string): void;
  /** Lets one interval pass in which the nodes are heard, and waits until what follows is written. */
  look(): Promise<void>;
  /** Lets time pass in which nothing is heard. */
  pass(time: number): Promise<void>;
  /** Waits until nothing is under way. */
  settle(): Promise<void>;
}

interface Body {
  readonly type: string;
  readonly data: {
    readonly text: string;
    readonly alarms: readonly { readonly key: string; readonly kind: string }[];
  };
}

export function bodyOf(text: string): Body {
  return JSON.parse(text) as Body;
}

/** Alarms of two connected nodes of a cluster, with one webhook; nobody is missed any more. */
export async function startWatch(folder: TemporaryFolder, url: string): Promise<AlarmWatch> {
  await using stack = new AsyncDisposableStack();
  const clock = new ManualClock();
  const store = stack.use(await openStore(folder.join("store"), clock));
  const reports = new LiveReports(clock, LIMITS);
  for (const id of ["a", "b"]) {
    const node = {
      id,
      cluster: "demo",
      service: "shop",
      symbol: "stable",
      labels: {},
      version: "1",
      platform: "x",
    };
    reports.remember({ ...node, revision: 0 });
    reports.connected(id, { incarnation: "1", inForce: {}, staged: [] });
  }
  const webhook = { id: "ops", url, kinds: [], secret: { fromEnv: "SECRET" }, enabled: true };
  await putWebhook(store, PERSON, webhook, undefined);
  const log = createLogger("silent");
  const caller = new WebhookCaller({ SECRET: "x" }, clock);
  const parts = { store, reports, incidents: new Incidents(clock), clock, log, patience: PATIENCE };
  const alarms = stack.use(new Alarms(parts));
  const notifier = stack.use(new Notifier({ store, caller, clock, log }));
  clock.advance(2 * LIMITS.heartbeat);
  await notifier.start(alarms);
  const owned = stack.move();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) await setImmediate();
    await notifier.idle();
  };
  const pass = async (time: number): Promise<void> => {
    clock.advance(time);
    await settle();
  };
  const look = async (): Promise<void> => {
    for (const id of ["a", "b"]) reports.heard(id);
    await pass(PATIENCE.interval);
  };
  const refuses = (node: string, problem: string): void => {
    const mark = { hash: "h", tick: 1 };
    reports.want(node, "chain", mark);
    reports.sent(node, "chain", mark);
    reports.nacked(node, "chain", { hash: "h", problems: [problem] });
  };
  return {
    clock,
    store,
    reports,
    alarms,
    refuses,
    look,
    pass,
    settle,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
