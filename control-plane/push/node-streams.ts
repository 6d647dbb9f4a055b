import { status as Status } from "@grpc/grpc-js";

import { OperationError } from "../model/operation-error.ts";
import { RESOURCE_TYPES, type NodeReport } from "../model/node.ts";
import type { Introduction } from "../reports/live-reports.ts";
import type { LogChunk, LogRequest, NodeLogs } from "../reports/node-logs.ts";
import type { KnownChains } from "../snapshot/known-chains.ts";
import type { SnapshotSource } from "../snapshot/node-snapshot.ts";
import { ClusterConvergence } from "./cluster-convergence.ts";
import type { DeliveryParts } from "./delivery.ts";
import { EncodedContents } from "./encoded-content.ts";
import type { NodeStream } from "./node-stream.ts";
import { Recomputation } from "./recomputation.ts";
import type { PushSettings } from "./push-settings.ts";
import { StreamRefused } from "./refusal.ts";
import { Revisions } from "./revisions.ts";

interface Parts extends Pick<DeliveryParts, "clock" | "reports" | "metrics" | "log"> {
  readonly settings: PushSettings;
  readonly source: SnapshotSource;
  readonly chains: KnownChains;
}

/** Calls of one node that may not have ended yet, such as of one that does not read its end. */
const MOST_CALLS = 4;
/** Heartbeats without a word after which a stream gives way to a newer one of its node. */
const SILENT_HEARTBEATS = 2;

/** What a computation goes by beside the tick; other news of a node make no other snapshot. */
interface Seen extends Pick<NodeReport, "packages" | "plugins"> {
  /** Hash of its chain. */
  readonly inForce: string | undefined;
  /** Another chain was sent, and may still be taken. */
  readonly onItsWay: boolean;
  readonly refusals: number;
  /** Of entries of chains: something else may be put in their place. */
  readonly refusedEntries: number;
}

/** All streams, one a node: takes what sources and nodes say and decides whose snapshot is to be made again. */
export class NodeStreams implements NodeLogs, Disposable {
  readonly #parts: Parts;
  readonly #streams = new Map<string, NodeStream>();
  readonly #calls = new Map<string, number>();
  readonly #seen = new WeakMap<NodeStream, Seen>();
  readonly #recomputation: Recomputation<NodeStream>;
  readonly #convergence: ClusterConvergence;
  readonly #listening: readonly Disposable[];
  readonly deliveryParts: DeliveryParts;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { clock, reports, chains, settings, source, metrics, log } = parts;
    this.#recomputation = new Recomputation(clock, (stream) => this.#compute(stream));
    this.#convergence = new ClusterConvergence(clock, reports, metrics.convergence);
    this.deliveryParts = {
      clock,
      reports,
      metrics,
      log,
      answerTimeout: settings.answerTimeout,
      contents: new EncodedContents(),
      revisions: new Revisions(reports, chains),
      onSparingOver: () =>
        this.#recomputation.mark([...this.#streams.values()].filter(({ spared }) => spared)),
    };
    this.#listening = [
      source.onChange(() => {
        reports.outdated(this.#streams.keys());
        this.#recomputation.mark(this.#streams.values());
      }),
      reports.onChange((node) => this.#onReport(node)),
      clock.after(2 * settings.heartbeat, () => this.#recomputation.mark(this.#streams.values())).unref(),
    ];
  }

  /** To be called before the first stream, once what nodes said last is known. */
  start(): void {
    this.deliveryParts.revisions.recall();
  }

  get size(): number {
    return this.#streams.size;
  }

  /**
   * A `StreamRefused` where the node has a stream that answers. One of the same process gives way to the newer (a
   * process knows when its own is over), and so does one that was not heard for two heartbeats.
   */
  assertFree(node: string, incarnation: string, heartbeat: number): void {
    if ((this.#calls.get(node) ?? 0) >= MOST_CALLS)
      throw new StreamRefused("already_connected", `earlier streams of node ${node} have not ended yet`);
    const older = this.#streams.get(node);
    if (older === undefined || (incarnation !== "" && older.incarnation === incarnation)) return;
    const lastSeen = this.#parts.reports.get(node)?.report.lastSeen ?? 0;
    if (this.#parts.clock.wall() - lastSeen > SILENT_HEARTBEATS * heartbeat) return;
    throw new StreamRefused("already_connected", `node ${node} is connected, and its stream answers`);
  }

  add(stream: NodeStream, introduction: Introduction): void {
    const { node } = stream;
    const { reports } = this.#parts;
    this.#streams.get(node.id)?.abandon(Status.ABORTED, "a newer stream of this node took its place");
    this.#streams.set(node.id, stream);
    this.#calls.set(node.id, (this.#calls.get(node.id) ?? 0) + 1);
    reports.connected(node.id, introduction);
    this.#recomputation.mark([stream]);
  }

  /** Its call is over; once for each `add`. */
  remove(stream: NodeStream): void {
    stream.close();
    this.#recomputation.forget(stream);
    const calls = (this.#calls.get(stream.node.id) ?? 1) - 1;
    if (calls > 0) this.#calls.set(stream.node.id, calls);
    else this.#calls.delete(stream.node.id);
    if (this.#streams.get(stream.node.id) !== stream) return;
    this.#streams.delete(stream.node.id);
    this.#parts.reports.disconnected(stream.node.id);
  }

  /** A token that was revoked or has expired speaks for nobody any more. */
  endToken(tokenId: string): void {
    for (const stream of this.#streams.values())
      if (stream.tokenId === tokenId)
        stream.abandon(Status.UNAUTHENTICATED, "the token was revoked or has expired");
  }

  all(): readonly NodeStream[] {
    return [...this.#streams.values()];
  }

  read(request: LogRequest, signal: AbortSignal): AsyncIterable<LogChunk> {
    const stream = this.#streams.get(request.node);
    if (stream === undefined)
      throw new OperationError(
        "wrong_state",
        `node ${request.node} is not connected: what plugins log there can be read when it is`,
      );
    return stream.readLog(request, signal);
  }

  [Symbol.dispose](): void {
    for (const listening of this.#listening) listening[Symbol.dispose]();
    this.#recomputation[Symbol.dispose]();
    this.#convergence[Symbol.dispose]();
  }

  #onReport(node: string): void {
    const stream = this.#streams.get(node);
    const report = this.#parts.reports.get(node)?.report;
    if (stream === undefined) return;
    // Its record was deleted: it may come back as a new one.
    if (report === undefined) return stream.abandon(Status.ABORTED, "the node was forgotten; connect again");
    const seen = this.#seen.get(stream);
    const now = seenOf(report);
    this.#seen.set(stream, now);
    if (seen === undefined || differs(seen, now)) this.#recomputation.mark([stream]);
  }

  #compute(stream: NodeStream): void {
    const known = this.#parts.reports.get(stream.node.id);
    if (known === undefined) return;
    try {
      stream.offer(this.#parts.source.snapshotFor(known.node, known.report));
      this.#parts.reports.computed(stream.node.id);
    } catch (thrown) {
      this.#parts.log.error({ node: stream.node.id, err: thrown }, "no snapshot could be made");
    }
  }
}

/**
 * The refusal of something as a whole asks for nothing new, but that refusals are forgiven does, and that a chain's
 * packages may go.
 */
function differs(seen: Seen, now: Seen): boolean {
  const { packages, plugins, inForce, onItsWay, refusals, refusedEntries } = now;
  if (seen.packages !== packages || seen.plugins !== plugins || seen.inForce !== inForce) return true;
  return (seen.onItsWay && !onItsWay) || refusals < seen.refusals || refusedEntries !== seen.refusedEntries;
}

function seenOf({ packages, plugins, resources }: NodeReport): Seen {
  const refusals = RESOURCE_TYPES.reduce((sum, type) => sum + resources[type].refused.length, 0);
  const { acked, sent } = resources.chain;
  const refusedEntries = resources.chain.refused.reduce((sum, { entries = [] }) => sum + entries.length, 0);
  const onItsWay = sent?.hash !== acked?.hash;
  return { packages, plugins, inForce: acked?.hash, onItsWay, refusals, refusedEntries };
}
