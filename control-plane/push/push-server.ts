import { randomBytes } from "node:crypto";

import { Server, type ServerCredentials } from "@grpc/grpc-js";

import { formatAddress, type Address } from "../../core/address.ts";
import type { Clock } from "../../core/clock.ts";
import { preventHttp2Aborts } from "../../core/connections/http2-aborts.ts";
import type { Service } from "../../core/lifecycle.ts";
import { ListenError } from "../../core/listen-error.ts";
import type { Logger } from "../../core/log.ts";
import { controlPlane } from "../../proto/control-plane.ts";
import type { Welcome } from "../../proto/gen/mesh/v1/Welcome.ts";
import { authorize } from "../access/authorize.ts";
import type { RefusalLog } from "../access/refusal-log.ts";
import type { Authenticator, TokenActor } from "../access/authenticator.ts";
import type { Node } from "../model/node.ts";
import { OperationError } from "../model/operation-error.ts";
import type { LiveReports } from "../reports/live-reports.ts";
import type { NodeLogs } from "../reports/node-logs.ts";
import type { NodeRecords } from "../reports/node-records.ts";
import type { KnownChains } from "../snapshot/known-chains.ts";
import type { SnapshotSource } from "../snapshot/node-snapshot.ts";
import { Admission } from "./admission.ts";
import { assertSpeaksFor, firstHello, tokenOf } from "./handshake.ts";
import { checkHello, type CheckedHello } from "./hello.ts";
import { NodeStream, type NodeCall } from "./node-stream.ts";
import { NodeStreams } from "./node-streams.ts";
import type { PushMetrics } from "./push-metrics.ts";
import type { PushSettings } from "./push-settings.ts";
import { asRefusal, StreamRefused } from "./refusal.ts";

export interface PushParts {
  readonly address: Address;
  /** Plain text, TLS or mutual TLS; certificates that change are its own business. */
  readonly credentials: ServerCredentials;
  /** Where artifacts are, for Welcome; undefined: nodes find out for themselves. */
  readonly artifacts: string | undefined;
  /** Of the API, which has them too; 0: it is not known. */
  readonly apiPort: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: PushSettings;
  readonly reports: LiveReports;
  readonly records: NodeRecords;
  readonly source: SnapshotSource;
  readonly chains: KnownChains;
  readonly metrics: PushMetrics;
  readonly authenticator: Authenticator;
  readonly refusals: RefusalLog;
  /** 0 to 1. Default: Math.random. */
  readonly random?: () => number;
}

const LARGEST_REPORT = 1_048_576;
const LARGEST_RESOURCE = 16_777_216;
/** Streams of one connection: something between may carry many nodes. */
const STREAMS = 1_000;
/** After a Goodbye: the least time until nodes come back, and the time over which each adds to the spread, ms. */
const RETURN_AFTER = 1_000;
const RETURN_SPREAD_PER_NODE = 5;

preventHttp2Aborts();

/** The gRPC side of the control plane: nodes' streams, from their token to their end. */
export class PushServer implements Service {
  readonly name = "push";
  readonly #parts: PushParts;
  readonly #server: Server;
  readonly #streams: NodeStreams;
  readonly #admission: Admission;
  readonly #ended: Disposable;
  #port = 0;
  #draining = false;

  constructor(parts: PushParts) {
    this.#parts = parts;
    const { settings } = parts;
    this.#admission = new Admission(settings.connecting);
    this.#streams = new NodeStreams(parts);
    this.#ended = parts.authenticator.onEnded((tokenId) => this.#streams.endToken(tokenId));
    this.#server = new Server({
      "grpc.max_receive_message_length": LARGEST_REPORT,
      "grpc.max_send_message_length": LARGEST_RESOURCE,
      "grpc.max_concurrent_streams": STREAMS,
      "grpc.keepalive_time_ms": settings.keepalive.time,
      "grpc.keepalive_timeout_ms": settings.keepalive.timeout,
      "grpc.keepalive_permit_without_calls": 1,
    });
    this.#server.addService(controlPlane, { Connect: (call: NodeCall) => void this.#connect(call) });
  }

  /** Where it listens. */
  get port(): number {
    return this.#port;
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Nodes that have opened a stream and are not welcome yet. */
  get connecting(): number {
    return this.#admission.connecting;
  }

  /** Of plugins, through the streams of their nodes. */
  get logs(): NodeLogs {
    return this.#streams;
  }

  async start(): Promise<void> {
    this.#streams.start();
    const { address, credentials } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.bindAsync(formatAddress(address), credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(new ListenError("--push", address, error)),
    );
    this.#port = await promise;
  }

  /** Tells every node when to come back, spread so that they do not come together, and ends their streams. */
  async drain(deadline: number): Promise<void> {
    this.#draining = true;
    const streams = this.#streams.all();
    const random = this.#parts.random ?? Math.random;
    for (const stream of streams) {
      const reconnectAfter = RETURN_AFTER + Math.round(random() * RETURN_SPREAD_PER_NODE * streams.length);
      stream.end({ goodbye: { reconnectAfter, reason: "the control plane is shutting down" } });
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    using _ = this.#parts.clock.after(deadline, resolve);
    this.#server.tryShutdown(() => resolve());
    await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    this.#ended[Symbol.dispose]();
    this.#streams[Symbol.dispose]();
  }

  async #connect(call: NodeCall): Promise<void> {
    // Without a listener an error of a call that is over would be nobody's.
    call.on("error", () => undefined);
    try {
      const stream = await this.#admit(call);
      this.#parts.metrics.connects.with("taken").add();
      call.on("data", (message) => stream.take(message));
      call.resume();
    } catch (thrown) {
      this.#refuse(call, asRefusal(thrown));
    }
  }

  async #admit(call: NodeCall): Promise<NodeStream> {
    if (this.#draining) throw new StreamRefused("unavailable", "the control plane is shutting down");
    using _ = this.#admission.enter();
    const { authenticator, clock, settings, records } = this.#parts;
    const actor = await authenticator.authenticate(tokenOf(call.metadata), "node.connect");
    using _own = this.#admission.enterAs(actor.tokenId);
    let ended = false;
    using _ended = authenticator.onEnded((tokenId) => (ended ||= tokenId === actor.tokenId));
    const hello = checkHello(await firstHello(call, clock, settings.helloTimeout));
    const { identity, introduction } = hello;
    await this.#authorize(actor, identity);
    const assertFree = (): void =>
      this.#streams.assertFree(identity.id, introduction.incarnation, settings.heartbeat);
    assertFree();
    const node = await records.register(identity);
    assertFree();
    if (ended) throw new StreamRefused("unauthenticated", "the token has ended");
    if (call.cancelled) throw new StreamRefused("no_hello", "the stream ended while it was taken");
    return this.#take(call, node, hello, actor);
  }

  /** Refused and audited where the token is not this node's, or may not join this cluster. */
  async #authorize(actor: TokenActor, { id, cluster }: Pick<Node, "id" | "cluster">): Promise<void> {
    const { records, refusals } = this.#parts;
    try {
      assertSpeaksFor(actor, id);
      authorize(actor, "node.connect", { kind: "cluster", cluster, domain: await records.domainOf(cluster) });
    } catch (thrown) {
      const refusal = asRefusal(thrown);
      if (refusal.code === "forbidden") await refusals.note(actor, "node.connect", refusal.message);
      throw refusal;
    }
  }

  #take(
    call: NodeCall,
    node: Node,
    { introduction, apiVersion }: CheckedHello,
    { tokenId }: TokenActor,
  ): NodeStream {
    const { incarnation } = introduction;
    const identity = { id: randomBytes(4).toString("hex"), node, incarnation, tokenId };
    const stream = new NodeStream(call, identity, this.#streams.deliveryParts);
    let over = false;
    const onOver = (): void => {
      if (over) return;
      over = true;
      this.#streams.remove(stream);
    };
    call.once("cancelled", onOver).once("close", onOver).once("finish", onOver);
    call.once("end", () => {
      stream.close();
      call.end();
    });
    stream.write({ welcome: this.#welcome(apiVersion) });
    this.#streams.add(stream, introduction);
    return stream;
  }

  #welcome(apiVersion: string): Welcome {
    const { settings, source, artifacts, apiPort } = this.#parts;
    const { heartbeat, scan, avoid, inventory, jitter } = settings;
    const mode = settings.mode === "full" ? "FULL" : "LAZY";
    const welcome = {
      apiVersion,
      tick: source.tick,
      apiPort,
      intervals: { heartbeat, scan, avoid, inventory, jitter, mode },
    } as const;
    return artifacts === undefined ? welcome : { ...welcome, artifacts };
  }

  #refuse(call: NodeCall, refusal: StreamRefused): void {
    this.#parts.metrics.connects.with(refusal.code).add();
    const { cause, code, message } = refusal;
    const peer = call.getPeer();
    const isOurs = cause !== undefined && !(cause instanceof OperationError);
    if (isOurs) this.#parts.log.error({ peer, code, err: cause }, "a stream could not be taken");
    else this.#parts.log.info({ peer, code, error: message }, "stream refused");
    call.emit("error", { code: refusal.status, details: refusal.message });
  }
}
