import {
  Client,
  connectivityState,
  credentials,
  status,
  type ChannelOptions,
  type ServiceError,
} from "@grpc/grpc-js";

import type { Clock, Timer } from "../../../core/clock.ts";
import { messageOf } from "../../../core/errors.ts";
import type { DescribeResponse__Output } from "../../../proto/gen/mesh/v1/DescribeResponse.ts";
import { observerPlugin, PLUGIN_API_VERSION } from "../../../proto/observer-plugin.ts";
import type { PluginManifest } from "../../../core/packages/manifest.ts";
import { ExecuteLane } from "./execute-lane.ts";
import { checkDescription, type PluginTerms } from "./handshake.ts";
import type { Lane, LaneEvents } from "./lane.ts";
import type { QuestionEncoder } from "./mesh-request.ts";
import { ObserveLane } from "./observe-lane.ts";

/** What a connection is made to, and what is expected there. */
export interface PluginEndpoint {
  /** `host:port` or `unix:/path`. */
  readonly address: string;
  readonly manifest: PluginManifest;
  /** The plugin's config as JSON; empty without one. */
  readonly configJson: string;
}

export type OpenOutcome =
  | { readonly kind: "open"; readonly connection: PluginConnection }
  /** Nobody answers there (yet). */
  | { readonly kind: "unreachable"; readonly reason: string }
  /** Somebody answers who is not this plugin, or speaks otherwise. */
  | { readonly kind: "refused"; readonly reason: string };

/** Milliseconds for Describe, connecting included. */
const DESCRIBE_DEADLINE = 2_000;
/** Milliseconds between two looks whether the plugin lives. */
const HEARTBEAT = 5_000;
/** Looks in a row that may go unanswered. */
const MISSES = 2;
/** Bytes of one answer; the limits of headers and body are below it. */
const MAX_ANSWER = 2 * 1024 * 1024;

/** What a server says that is there, and will say the same again: no such service, a config it does not take. */
const NO_BY_DESIGN: ReadonlySet<status> = new Set([
  status.INVALID_ARGUMENT,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
]);

const OPTIONS: ChannelOptions = {
  "grpc.max_receive_message_length": MAX_ANSWER,
  // A question is never sent twice, not even where gRPC thinks that it may be.
  "grpc.enable_retries": 0,
  // Each connection fails and backs off for itself, as PluginLink decides.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.client_idle_timeout_ms": 2 ** 31 - 1,
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_channelz": 0,
};

/** One connection to a plugin's gRPC server, from a successful handshake until it breaks or is closed. */
export class PluginConnection {
  readonly terms: PluginTerms;
  /** Set by the owner. At most one of each for the same reason; `broken` at most once, never after `close`. */
  events: LaneEvents | undefined;
  readonly #client: Client;
  readonly #endpoint: PluginEndpoint;
  readonly #lanes: readonly Lane[];
  readonly #heartbeat: Timer;
  #turn = 0;
  #missed = 0;
  #over = false;

  private constructor(
    client: Client,
    endpoint: PluginEndpoint,
    terms: PluginTerms,
    encoder: QuestionEncoder,
    clock: Clock,
  ) {
    this.#client = client;
    this.#endpoint = endpoint;
    this.terms = terms;
    const events: LaneEvents = {
      writable: () => this.events?.writable(),
      broken: (reason) => this.#break(reason),
    };
    this.#lanes =
      terms.observeStreams === 0
        ? [new ExecuteLane(client)]
        : Array.from({ length: terms.observeStreams }, () => new ObserveLane(client, encoder, events));
    this.#heartbeat = clock.every(HEARTBEAT, () => void this.#look()).unref();
    this.#watch();
  }

  /** Connects and shakes hands; never rejects. */
  static async open(endpoint: PluginEndpoint, encoder: QuestionEncoder, clock: Clock): Promise<OpenOutcome> {
    let client: Client;
    try {
      client = new Client(endpoint.address, credentials.createInsecure(), OPTIONS);
    } catch (thrown) {
      return { kind: "unreachable", reason: messageOf(thrown) };
    }
    const outcome = await handshake(client, endpoint);
    if (outcome.kind === "agreed") {
      const connection = new PluginConnection(client, endpoint, outcome.terms, encoder, clock);
      return { kind: "open", connection };
    }
    client.close();
    return outcome;
  }

  /** A lane that takes a question now; undefined while all ask to wait. */
  lane(): Lane | undefined {
    if (this.#over) return undefined;
    for (let tried = 0; tried < this.#lanes.length; tried++) {
      const lane = this.#lanes[this.#turn++ % this.#lanes.length];
      if (lane?.writable === true) return lane;
    }
    return undefined;
  }

  /** Fails what is open. */
  close(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#heartbeat[Symbol.dispose]();
    for (const lane of this.#lanes) lane.close(reason);
    this.#client.close();
  }

  #break(reason: string): void {
    if (this.#over) return;
    this.close(reason);
    this.events?.broken(reason);
  }

  /** A connection that gRPC lost is at its end: whoever answers next must say who it is first. */
  #watch(): void {
    const channel = this.#client.getChannel();
    channel.watchConnectivityState(connectivityState.READY, Infinity, (error) => {
      if (error === undefined) this.#break("the connection was lost");
    });
    if (channel.getConnectivityState(false) !== connectivityState.READY)
      this.#break("the connection was lost");
  }

  async #look(): Promise<void> {
    const outcome = await handshake(this.#client, this.#endpoint);
    if (outcome.kind === "agreed") this.#missed = 0;
    else if (outcome.kind === "refused") this.#break(outcome.reason);
    else if (++this.#missed >= MISSES) this.#break(`no heartbeat: ${outcome.reason}`);
  }
}

type HandshakeOutcome =
  | { readonly kind: "agreed"; readonly terms: PluginTerms }
  | { readonly kind: "unreachable" | "refused"; readonly reason: string };

async function handshake(client: Client, endpoint: PluginEndpoint): Promise<HandshakeOutcome> {
  const { manifest, address, configJson } = endpoint;
  const at = `the plugin ${manifest.name} at ${address}`;
  try {
    const checked = checkDescription(manifest, await describe(client, configJson));
    return checked.kind === "agreed" ? checked : { kind: "refused", reason: `${at}: ${checked.reason}` };
  } catch (thrown) {
    const { code, details } = thrown as Partial<ServiceError>;
    if (code !== undefined && NO_BY_DESIGN.has(code))
      return { kind: "refused", reason: `${at} refuses Describe: ${(details ?? "").slice(0, 500)}` };
    return { kind: "unreachable", reason: `${at} does not answer Describe: ${messageOf(thrown)}` };
  }
}

async function describe(client: Client, configJson: string): Promise<DescribeResponse__Output> {
  const { promise, resolve, reject } = Promise.withResolvers<DescribeResponse__Output>();
  const { path, requestSerialize, responseDeserialize } = observerPlugin.Describe;
  const request = { apiVersions: [PLUGIN_API_VERSION], configJson };
  const options = { deadline: Date.now() + DESCRIBE_DEADLINE };
  client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, (error, answer) => {
    if (error !== null || answer === undefined) reject(error ?? new Error("no answer"));
    else resolve(answer);
  });
  return promise;
}
