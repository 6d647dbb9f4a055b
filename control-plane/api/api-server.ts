import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

import multipart from "@fastify/multipart";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";

import type { Address } from "../../core/address.ts";
import type { Clock } from "../../core/clock.ts";
import type { Service } from "../../core/lifecycle.ts";
import { ListenError } from "../../core/listen-error.ts";
import type { Logger } from "../../core/log.ts";
import type { TlsSource } from "../tls/tls-source.ts";
import { logAccess } from "./access-log.ts";
import type { ApiMetrics } from "./api-metrics.ts";
import type { Endpoint } from "./contract/endpoint.ts";
import { ENDPOINTS, type EndpointName } from "./contract/endpoints.ts";
import { API_PREFIX } from "./contract/prefix.ts";
import type { AnyHandler, EndpointHandlers } from "./endpoint-handler.ts";
import { EndpointRoute, type RouteParts } from "./endpoint-route.ts";
import { FaultLog } from "./fault-log.ts";
import { withoutFramework } from "./framework-error.ts";
import { createHttpServer, type ServerLimits } from "./http-server.ts";
import { readJsonBody, type BodyLimits } from "./json-body.ts";
import { methodsOf } from "./known-paths.ts";
import { problemOf, RequestError } from "./problem.ts";

export interface ApiLimits extends ServerLimits {
  readonly body: BodyLimits;
}

export interface ApiServerOptions {
  readonly address: Address;
  /** Undefined: plain HTTP. */
  readonly tls: TlsSource | undefined;
  readonly limits: ApiLimits;
  readonly handlers: EndpointHandlers;
  readonly parts: RouteParts;
  readonly metrics: ApiMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Hears of requests that the store or the disk could not answer. */
  readonly onUnavailable: (message: string) => void;
  /** Adds what is no endpoint of the table: metrics, the console. */
  readonly extend?: (app: FastifyInstance) => void;
}

/** How long the rest of a body that nobody wants may come, so that its sender reads the answer; then it is cut. */
const LINGER = 5_000;

/** While draining, ms. */
const IDLE_SWEEP = 100;

const HEADERS = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

/** REST: the whole table of endpoints, each registered in the same way. */
export class ApiServer implements Service {
  readonly name = "api";
  readonly #options: ApiServerOptions;
  readonly #app: FastifyInstance;
  readonly #faults: FaultLog;
  readonly #routes = new Map<string, EndpointRoute>();

  constructor(options: ApiServerOptions) {
    this.#options = options;
    const { tls, limits, clock, log, onUnavailable } = options;
    this.#faults = new FaultLog(log, onUnavailable);
    this.#app = fastify({
      serverFactory: (handler) => createHttpServer(handler, tls, limits),
      requestIdHeader: false,
      genReqId: requestId,
      exposeHeadRoutes: false,
      forceCloseConnections: "idle",
      routerOptions: { maxParamLength: 300, querystringParser: parseQuery },
      frameworkErrors: (error, request, reply) => void this.#fail(error, request, reply),
    });
    this.#app.removeAllContentTypeParsers();
    this.#app.addContentTypeParser(
      "application/json",
      async (_request: FastifyRequest, message: IncomingMessage) => {
        return readJsonBody(message, limits.body, clock);
      },
    );
    void this.#app.register(multipart);
    this.#app.addHook("onRequest", async (request, reply) => {
      reply.headers({ ...HEADERS, "x-request-id": request.id });
    });
    this.#app.addHook("onResponse", async (request, reply) => {
      const route = this.#routeOf(request);
      logAccess(log, route, request, reply);
      this.#count(route, reply);
      this.#linger(request);
    });
    this.#app.setErrorHandler(async (error, request, reply) => this.#fail(error, request, reply));
    this.#app.setNotFoundHandler(async (request, reply) =>
      this.#fail(unknownPath(request, reply), request, reply),
    );
    // Within the plugin's reach: a form is read by the routes that come after it.
    void this.#app.register(async (app) => this.#register(app));
    options.extend?.(this.#app);
  }

  /** The port that listens; 0 while none does. */
  get port(): number {
    const bound = this.#app.server.address();
    return typeof bound === "object" && bound !== null ? bound.port : 0;
  }

  async start(): Promise<void> {
    const { address, limits, parts } = this.#options;
    await parts.uploads.start();
    try {
      // A fleet comes for a package at once: who finds no place in line waits for seconds.
      await this.#app.listen({ host: address.host, port: address.port, backlog: limits.connections });
    } catch (error) {
      throw new ListenError("--api", address, error);
    }
  }

  /** Watches end at once and come again elsewhere; what is under way may end. */
  async drain(deadline: number): Promise<void> {
    const { clock, parts } = this.#options;
    parts.watches.end();
    const closed = this.#app.close();
    const late = Promise.withResolvers<void>();
    using _deadline = clock.after(deadline, late.resolve);
    // A connection whose last request ends now would be kept for the next one.
    using _idle = clock.every(IDLE_SWEEP, () => this.#app.server.closeIdleConnections());
    await Promise.race([closed, late.promise]);
    this.#app.server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0);
  }

  #register(app: FastifyInstance): void {
    for (const [name, endpoint] of Object.entries(ENDPOINTS) as [EndpointName, Endpoint][]) {
      const handler = this.#options.handlers[name] as unknown as AnyHandler;
      const route = new EndpointRoute(name, endpoint, handler, this.#options.parts, this.#faults);
      const url = `${API_PREFIX}${endpoint.path}`;
      this.#routes.set(`${endpoint.method} ${url}`, route);
      app.route({
        method: endpoint.method,
        url,
        onRequest: async (request) => route.admit(request),
        handler: async (request, reply) => route.serve(request, reply),
      });
    }
  }

  #routeOf({ method, routeOptions }: FastifyRequest): EndpointRoute | undefined {
    return this.#routes.get(`${method} ${routeOptions.url ?? ""}`);
  }

  async #fail(thrown: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const error = withoutFramework(thrown);
    const problem = problemOf(error);
    const { gate } = this.#options.parts;
    const route = this.#routeOf(request);
    this.#faults.note(error, request.id);
    if (route !== undefined) await gate.noteRefusal(route.actorOf(request), route.attemptOf(request), error);
    if (problem.status === 401) void reply.header("www-authenticate", 'Bearer realm="sluice"');
    if (problem.status === 503 || problem.status === 429) void reply.header("retry-after", "1");
    return reply
      .code(problem.status)
      .headers({ ...HEADERS, "x-request-id": request.id })
      .type("application/problem+json")
      .send(JSON.stringify(problem));
  }

  #count(route: EndpointRoute | undefined, { statusCode, elapsedTime, raw }: FastifyReply): void {
    const streams = String(raw.getHeader("content-type")).startsWith("text/event-stream");
    const untimed = streams || route?.endpoint.upload === true;
    this.#options.metrics.answered(
      route?.name ?? "none",
      statusCode,
      untimed ? undefined : elapsedTime / 1_000,
    );
  }

  #linger({ raw }: FastifyRequest): void {
    if (raw.complete) return;
    raw.unpipe();
    raw.resume();
    const { socket } = raw;
    const timer = this.#options.clock.after(LINGER, () => raw.complete || socket.destroy()).unref();
    raw.once("close", () => timer[Symbol.dispose]());
  }
}

/** The client's own id if it is a harmless one, so that logs on both sides can be joined. */
function requestId({ headers }: IncomingMessage): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

/** A key that is there twice stays a list, which no schema takes. */
function parseQuery(text: string): Record<string, unknown> {
  const query: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of new URLSearchParams(text)) {
    const known = query[key];
    query[key] = known === undefined ? value : [known, value].flat();
  }
  return query;
}

function unknownPath({ method, url }: FastifyRequest, reply: FastifyReply): RequestError {
  const path = url.split("?", 1)[0] ?? "";
  const methods = methodsOf(path);
  if (methods.length === 0)
    return new RequestError("no_such_endpoint", "see /api/v1/openapi.json for what there is");
  void reply.header("allow", methods.join(", "));
  return new RequestError("method_not_allowed", `${method} is not possible here, but ${methods.join(", ")}`);
}
