import type { Agent, Dispatcher } from "undici";

import type { Clock } from "../../../core/clock.ts";
import { messageOf } from "../../../core/errors.ts";
import type { HeaderEdit } from "../../../core/headers/header-edits.ts";
import { FETCH_REACHES, portOf, type FetchPattern, type FetchReach } from "./fetch-pattern.ts";
import { assertLiteral, FetchRefused, guardedAgent, type AddressGuard } from "./guarded-agent.ts";
import { NameLookups } from "./name-lookups.ts";

/** What a plugin asks for; header values are latin1. */
export interface PluginRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly HeaderEdit[];
  readonly body: Buffer;
  /** Milliseconds for everything, redirects and body included; 0: the longest allowed. */
  readonly timeoutMs: number;
}

export interface PluginResponse {
  readonly status: number;
  readonly headers: readonly HeaderEdit[];
  readonly body: Buffer;
}

export interface FetchLimits {
  /** Bytes of one answer's body. */
  readonly bodyBytes: number;
  /** Milliseconds for one fetch, whatever the plugin asks for. */
  readonly timeout: number;
  readonly redirects: number;
  /** Fetches under way at one time, for each plugin. */
  readonly concurrent: number;
}

export const FETCH_LIMITS: FetchLimits = {
  bodyBytes: 1024 * 1024,
  timeout: 10_000,
  redirects: 5,
  concurrent: 32,
};

export interface PluginFetchOptions {
  readonly clock: Clock;
  /** By which this sidecar is steered: no plugin gets to them on this machine, whatever its manifest says. */
  readonly ownPorts: readonly number[];
  /** Default `FETCH_LIMITS`. */
  readonly limits?: FetchLimits;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD"]);
/** Written by the client, or a way to smuggle a second request. */
const RESERVED: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "keep-alive",
  "proxy-connection",
  "content-length",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
  "expect",
]);
/** Not for the eyes of an origin that the plugin did not name (Fetch standard, HTTP-redirect fetch). */
const CREDENTIALS: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization"]);
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** One fetch of a plugin, with all its redirects. */
interface Call {
  readonly plugin: string;
  readonly patterns: readonly FetchPattern[];
  readonly signal: AbortSignal;
}

interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: string[];
  readonly body: Buffer | null;
}

/**
 * Fetches for plugins, which have no network of their own. Every hop of a redirect must match a pattern of the
 * plugin anew, and every address is checked after its name was resolved. Each plugin has connections of its own:
 * what one of them opens is not in another one's way.
 */
export class PluginFetch implements AsyncDisposable {
  readonly #limits: FetchLimits;
  readonly #ownPorts: ReadonlySet<string>;
  readonly #lookups: NameLookups;
  /** By plugin, and then by what the addresses may be. */
  readonly #agents = new Map<string, Map<string, Agent>>();
  readonly #underWay = new Map<string, number>();
  readonly #closing = new AbortController();

  constructor({ clock, ownPorts, limits = FETCH_LIMITS }: PluginFetchOptions) {
    this.#limits = limits;
    this.#ownPorts = new Set(ownPorts.map(String));
    this.#lookups = new NameLookups({ clock, deadline: limits.timeout });
  }

  /** Rejects with `FetchRefused`, or with what went wrong on the way. `plugin` counts towards `concurrent`. */
  async fetch(
    plugin: string,
    patterns: readonly FetchPattern[],
    asked: PluginRequest,
  ): Promise<PluginResponse> {
    const underWay = this.#underWay.get(plugin) ?? 0;
    if (underWay >= this.#limits.concurrent)
      throw new FetchRefused(`${underWay} fetches of this plugin are under way already`);
    this.#underWay.set(plugin, underWay + 1);
    try {
      return await this.#follow({ plugin, patterns, signal: this.#signal(asked.timeoutMs) }, firstHop(asked));
    } finally {
      const left = (this.#underWay.get(plugin) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(plugin);
      else this.#underWay.set(plugin, left);
    }
  }

  /** No generation of the plugin is left: its connections are closed. */
  forget(plugin: string): void {
    const agents = this.#agents.get(plugin);
    this.#agents.delete(plugin);
    for (const agent of agents?.values() ?? []) void agent.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new FetchRefused("the sidecar is stopping"));
    const agents = Array.from(this.#agents.values(), (ofPlugin) => [...ofPlugin.values()]).flat();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  async #follow(call: Call, first: Hop): Promise<PluginResponse> {
    let hop = first;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(call, hop);
      const location = REDIRECTS.has(response.statusCode) ? response.headers["location"] : undefined;
      if (typeof location !== "string") return await readResponse(response, this.#limits.bodyBytes);
      await response.body.dump();
      if (redirects >= this.#limits.redirects)
        throw new FetchRefused(`more than ${this.#limits.redirects} redirects`);
      hop = nextHop(hop, response.statusCode, location);
    }
  }

  async #send({ plugin, patterns, signal }: Call, hop: Hop): Promise<Dispatcher.ResponseData> {
    signal.throwIfAborted();
    const reach = widestReach(patterns, hop.url);
    if (reach === undefined)
      throw new FetchRefused(`no fetch permission of this plugin covers ${hop.url.href}`);
    const guard = { reach, sparesOwn: this.#ownPorts.has(portOf(hop.url)) };
    assertLiteral(hop.url, guard);
    try {
      return await this.#agent(plugin, guard).request({
        origin: hop.url.origin,
        path: hop.url.pathname + hop.url.search,
        method: hop.method,
        headers: hop.headers,
        body: hop.body,
        signal,
      });
    } catch (thrown) {
      throw signal.aborted ? signal.reason : new FetchRefused(messageOf(thrown));
    }
  }

  #agent(plugin: string, guard: AddressGuard): Agent {
    let agents = this.#agents.get(plugin);
    if (agents === undefined) this.#agents.set(plugin, (agents = new Map<string, Agent>()));
    const key = `${guard.reach} ${guard.sparesOwn}`;
    let agent = agents.get(key);
    if (agent === undefined) {
      const connectTimeout = this.#limits.timeout;
      agent = guardedAgent({ plugin, guard, lookups: this.#lookups, connectTimeout });
      agents.set(key, agent);
    }
    return agent;
  }

  #signal(asked: number): AbortSignal {
    const longest = this.#limits.timeout;
    const timeout = asked > 0 ? Math.min(asked, longest) : longest;
    return AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeout)]);
  }
}

function firstHop(asked: PluginRequest): Hop {
  const method = METHODS.find((each) => each === asked.method.toUpperCase());
  if (method === undefined)
    throw new FetchRefused(`method '${asked.method}' is not one of ${METHODS.join(", ")}`);
  if (!URL.canParse(asked.url)) throw new FetchRefused(`'${asked.url}' is not a URL`);
  const url = new URL(asked.url);
  if (url.username !== "" || url.password !== "")
    throw new FetchRefused("a URL may not hold user or password");
  const headers: string[] = [];
  for (const { name, values } of asked.headers) {
    if (RESERVED.has(name.toLowerCase()))
      throw new FetchRefused(`header '${name}' is written by the sidecar`);
    for (const value of values) headers.push(name, value);
  }
  return { url, method, headers, body: BODILESS.has(method) || asked.body.length === 0 ? null : asked.body };
}

/** As the Fetch standard follows redirects: 303, and 301 and 302 of a POST, become a GET without a body. */
function nextHop(hop: Hop, status: number, location: string): Hop {
  if (!URL.canParse(location, hop.url))
    throw new FetchRefused(`redirect to '${location}', which is not a URL`);
  const url = new URL(location, hop.url);
  if (url.username !== "" || url.password !== "")
    throw new FetchRefused("redirect to a URL with user or password");
  url.hash = "";
  const toGet =
    (status === 303 && hop.method !== "HEAD") ||
    ((status === 301 || status === 302) && hop.method === "POST");
  const dropped = (name: string): boolean =>
    (toGet && name.startsWith("content-")) || (url.origin !== hop.url.origin && CREDENTIALS.has(name));
  const headers: string[] = [];
  for (let i = 0; i + 1 < hop.headers.length; i += 2) {
    const name = hop.headers[i] ?? "";
    if (!dropped(name.toLowerCase())) headers.push(name, hop.headers[i + 1] ?? "");
  }
  return { url, method: toGet ? "GET" : hop.method, headers, body: toGet ? null : hop.body };
}

function widestReach(patterns: readonly FetchPattern[], url: URL): FetchReach | undefined {
  const reaches = patterns.filter((pattern) => pattern.matches(url)).map(({ reach }) => reach);
  return FETCH_REACHES.findLast((reach) => reaches.includes(reach));
}

async function readResponse(response: Dispatcher.ResponseData, limit: number): Promise<PluginResponse> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (bytes > limit) throw new FetchRefused(`the answer is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  const headers = Object.entries(response.headers).map(([name, value]) => ({
    name,
    values: typeof value === "string" ? [value] : (value ?? []),
  }));
  return { status: response.statusCode, headers, body: Buffer.concat(chunks, bytes) };
}
