import { LOG_LEVELS } from "../../core/log.ts";
import { EXPOSITION_TYPE } from "../../core/metrics/exposition.ts";
import { suggestion } from "../../core/nearest.ts";
import { json, type AdminAnswer } from "./admin-answer.ts";
import type { AdminProviders } from "./admin-providers.ts";
import { maskSecrets } from "./mask-secrets.ts";

/** `query` is what stands behind `?`, `name` the path's variable part. */
type Action = (
  providers: AdminProviders,
  query: URLSearchParams,
  name: string,
) => AdminAnswer | Promise<AdminAnswer>;

interface AdminRoute {
  /** As the index shows it; `{name}` stands for a plugin's. */
  readonly path: string;
  readonly meaning: string;
  /** Reads; answers HEAD too. */
  readonly get?: Action;
  /** Changes something. */
  readonly post?: Action;
}

const ROUTES: readonly AdminRoute[] = [
  { path: "/", meaning: "this list", get: () => json(200, index()) },
  { path: "/live", meaning: "200 while the process turns", get: live },
  { path: "/ready", meaning: "200 while traffic is welcome, else 503 with reasons", get: ready },
  { path: "/metrics", meaning: "metrics for Prometheus", get: metrics },
  { path: "/stats/prometheus", meaning: "the same", get: metrics },
  {
    path: "/config_dump",
    meaning: "the configuration in force",
    get: async (from) => masked(await from.config()),
  },
  {
    path: "/plugins",
    meaning: "plugins, generations and faults",
    get: async (from) => masked(await from.plugins()),
  },
  { path: "/plugins/{name}/retry", meaning: "loads a quarantined or failed plugin again", post: retryPlugin },
  {
    path: "/clusters",
    meaning: "endpoints and their pools",
    get: async (from) => masked(await from.clusters()),
  },
  { path: "/logging", meaning: "the log level; POST /logging?level=debug", get: showLevel, post: setLevel },
  { path: "/drain", meaning: "finishes what is under way and ends the process", post: drain },
];

const MATCHERS = ROUTES.map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replace("{name}", "([a-z0-9-]{1,63})")}$`),
}));

/** Answers one request for `target`, raw as it came. What a provider throws goes through. */
export async function answerAdmin(
  providers: AdminProviders,
  method: string,
  target: string,
): Promise<AdminAnswer> {
  const path = target.split("?", 1)[0] ?? "";
  for (const { route, pattern } of MATCHERS) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const action = actionFor(route, method);
    if (action === undefined) return notAllowed(route);
    return action(providers, new URLSearchParams(target.slice(path.length + 1)), match[1] ?? "");
  }
  return json(404, { error: "there is no such page; / lists those that there are" });
}

function actionFor(route: AdminRoute, method: string): Action | undefined {
  if (method === "POST") return route.post;
  return method === "GET" || method === "HEAD" ? route.get : undefined;
}

function notAllowed(route: AdminRoute): AdminAnswer {
  const allow = methodsOf(route).join(", ");
  return { ...json(405, { error: `${route.path} takes ${allow}` }), allow };
}

function methodsOf(route: AdminRoute): string[] {
  return [...(route.get === undefined ? [] : ["GET", "HEAD"]), ...(route.post === undefined ? [] : ["POST"])];
}

function index(): unknown {
  return ROUTES.map((route) => ({ path: route.path, methods: methodsOf(route), meaning: route.meaning }));
}

function masked(content: unknown): AdminAnswer {
  return json(200, maskSecrets(content));
}

function live(from: AdminProviders): AdminAnswer {
  return json(200, from.workers === undefined ? { live: true } : { live: true, workers: from.workers() });
}

async function ready(providers: AdminProviders): Promise<AdminAnswer> {
  const reasons = await providers.notReady();
  const note = providers.readyNote?.();
  return reasons.length === 0 ? json(200, { ready: true, note }) : json(503, { ready: false, reasons, note });
}

async function metrics(providers: AdminProviders): Promise<AdminAnswer> {
  return { status: 200, type: EXPOSITION_TYPE, body: await providers.metrics() };
}

function showLevel({ logging }: AdminProviders): AdminAnswer {
  return json(200, { level: logging.get() });
}

function setLevel({ logging }: AdminProviders, query: URLSearchParams): AdminAnswer {
  const wanted = query.get("level") ?? "";
  const level = LOG_LEVELS.find((each) => each === wanted);
  if (level === undefined) {
    const hint = suggestion(wanted, LOG_LEVELS);
    return json(400, { error: `level: expected one of ${LOG_LEVELS.join(", ")}${hint}` });
  }
  logging.set(level);
  return json(200, { level });
}

function drain(providers: AdminProviders): AdminAnswer {
  providers.drain();
  return json(202, { draining: true });
}

async function retryPlugin(
  providers: AdminProviders,
  _query: URLSearchParams,
  name: string,
): Promise<AdminAnswer> {
  const outcome = await providers.retryPlugin(name);
  switch (outcome.kind) {
    case "retrying":
      return json(202, { plugin: name, retrying: true, cause: outcome.cause });
    case "unknown_plugin":
      return json(404, { error: `there is no plugin ${name}` });
    case "nothing_to_retry":
      return json(409, { error: `plugin ${name} is ${outcome.state}: there is nothing to retry` });
  }
}
