import type { Clock, Timer } from "../../core/clock.ts";
import { MOST_NAMED } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Ack__Output } from "../../proto/gen/mesh/v1/Ack.ts";
import type { ControlMessage } from "../../proto/gen/mesh/v1/ControlMessage.ts";
import type { Nack__Output } from "../../proto/gen/mesh/v1/Nack.ts";
import { RESOURCE_TYPES, type Node, type ResourceMark, type ResourceType } from "../model/node.ts";
import type { LiveReports } from "../reports/live-reports.ts";
import { markedEntries } from "../snapshot/marked-entries.ts";
import type {
  ChainInPlace,
  NodeSnapshot,
  SnapshotResource,
  StageContent,
} from "../snapshot/node-snapshot.ts";
import { refusedEntries } from "../snapshot/refused-entries.ts";
import type { EncodedContents } from "./encoded-content.ts";
import { nextResource, type Offer } from "./next-resource.ts";
import type { PushMetrics } from "./push-metrics.ts";
import { RESOURCE_WORDS, resourceTypeOf } from "./resource-words.ts";
import { refusedVersions, versionsIn } from "./refused-versions.ts";
import type { Revisions } from "./revisions.ts";
import { spare } from "./spare.ts";

/** Of a refusal: what it names, and how many more there are. The contract says so too. */
const MOST_PROBLEMS = MOST_NAMED + 1;
const LONGEST_PROBLEM = 1_000;

/** What the deliveries of all nodes share. */
export interface DeliveryParts {
  readonly clock: Clock;
  readonly reports: LiveReports;
  readonly contents: EncodedContents;
  readonly revisions: Revisions;
  readonly metrics: PushMetrics;
  readonly log: Logger;
  /** How long a node may take to answer before it counts as STALE, ms. */
  readonly answerTimeout: number;
  /** Some node took what others had refused: nodes that were spared it are to be offered it again. */
  readonly onSparingOver: () => void;
}

/** Where the messages go; `ready` is false while the node does not read. */
export interface Outlet {
  ready(): boolean;
  write(message: ControlMessage): void;
}

interface InFlight {
  readonly nonce: string;
  readonly resource: SnapshotResource;
  readonly sentAt: number;
  readonly timeout: Timer;
}

/**
 * What one stream sends and what the node makes of it: of each type one resource is on its way at most, and only the
 * newest snapshot is kept.
 */
export class Delivery implements Disposable {
  readonly #node: Node;
  readonly #parts: DeliveryParts;
  readonly #outlet: Outlet;
  readonly #noncePrefix: string;
  readonly #inFlight = new Map<ResourceType, InFlight>();
  /** Contents that the node took on this stream. */
  readonly #taken = new Map<ResourceType, SnapshotResource>();
  #offered: Offer["resources"] | undefined;
  #tick = 0;
  #nonces = 0;
  #repeated: string | undefined;
  #spared = false;
  #pumping = false;

  constructor(node: Node, noncePrefix: string, outlet: Outlet, parts: DeliveryParts) {
    this.#node = node;
    this.#noncePrefix = noncePrefix;
    this.#outlet = outlet;
    this.#parts = parts;
  }

  /** It gets something older than what it should have, since others refused that. */
  get spared(): boolean {
    return this.#spared;
  }

  /** The node should have this now; a type without a resource: it keeps what it has. */
  offer(snapshot: NodeSnapshot): void {
    const { reports, revisions } = this.#parts;
    const node = this.#node;
    const { resources, inPlace, tick } = snapshot;
    if (inPlace !== undefined) this.#withhold(inPlace);
    for (const type of RESOURCE_TYPES) {
      const mark = (resource: SnapshotResource | undefined) => resource && markOf(type, resource, tick);
      reports.want(node.id, type, mark(resources[type]), type === "chain" ? mark(inPlace?.chain) : undefined);
    }
    const report = reports.get(node.id)?.report;
    const staged = (resources.stage?.content as StageContent | undefined)?.packages ?? [];
    const chosen = (type: ResourceType): SnapshotResource | undefined => {
      const resource = resources[type];
      if (resource === undefined) return undefined;
      const isNew = report?.resources[type].acked === undefined || this.#spared;
      const standIn = isNew ? revisions.standIn(node.cluster, type, resource.hash) : undefined;
      return standIn === undefined ? resource : spare(resource, standIn, report?.packages ?? [], staged);
    };
    const offered = { stage: chosen("stage"), route: chosen("route"), chain: chosen("chain") };
    this.#spared = RESOURCE_TYPES.some((type) => offered[type] !== resources[type]);
    // A node that is spared the chain as a whole needs nothing in place of its entries.
    const isPatched = inPlace !== undefined && offered.chain === resources.chain;
    this.#offered = isPatched ? { ...offered, chain: inPlace.chain } : offered;
    this.#tick = tick;
    this.#countSuppressed([resources, this.#offered]);
    this.pump();
  }

  /** The node is known to refuse its chain: for nodes that are new that is as good as its word. */
  #withhold({ refusal }: ChainInPlace): void {
    const { reports, revisions } = this.#parts;
    const { id, cluster } = this.#node;
    if (!revisions.isRefused(cluster, "chain", refusal.hash))
      revisions.nacked(cluster, "chain", refusal.hash, this.#taken.get("chain"));
    reports.withheld(id, refusal);
  }

  /** Sends what is due, as far as the node reads; to be called when it reads again. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#outlet.ready() && this.#sendNext());
    } finally {
      this.#pumping = false;
    }
  }

  acked({ type: word, nonce, hash }: Ack__Output): void {
    const answered = this.#answered(word, nonce, hash, "ack");
    if (answered === undefined) return;
    const { type, resource } = answered;
    const { reports, revisions, onSparingOver } = this.#parts;
    this.#taken.set(type, resource);
    if (type === "stage") reports.staged(this.#node.id, (resource.content as StageContent).packages);
    if (type === "chain") reports.activated(this.#node.id, versionsIn(type, resource));
    reports.acked(this.#node.id, type);
    if (revisions.isRefused(this.#node.cluster, type, hash)) onSparingOver();
    this.pump();
  }

  nacked({ type: word, nonce, hash, problems }: Nack__Output): void {
    const answered = this.#answered(word, nonce, hash, "nack");
    if (answered === undefined) return;
    const { type, resource } = answered;
    const told = problems.length === 0 ? [{ key: "", message: "no reason given", plugin: "" }] : problems;
    const reasons = told.slice(0, MOST_PROBLEMS).map((each) => ({ ...each, text: describe(each) }));
    this.#parts.revisions.nacked(this.#node.cluster, type, hash, this.#taken.get(type));
    this.#noteFailures(type, resource, reasons);
    this.#parts.reports.nacked(this.#node.id, type, {
      hash,
      problems: reasons.map(({ text }) => text),
      entries: type === "chain" ? refusedEntries(resource, reasons) : undefined,
    });
    this.pump();
  }

  [Symbol.dispose](): void {
    for (const { timeout } of this.#inFlight.values()) timeout[Symbol.dispose]();
    this.#inFlight.clear();
    this.#offered = undefined;
  }

  #noteFailures(
    type: ResourceType,
    resource: SnapshotResource,
    reasons: Parameters<typeof refusedVersions>[2],
  ): void {
    const { reports } = this.#parts;
    const plugins = reports.get(this.#node.id)?.report.plugins ?? [];
    const during = type === "stage" ? "download" : "activation";
    const refused = refusedVersions(type, resource, reasons, plugins);
    reports.failed(
      this.#node.id,
      refused.map((each) => ({ ...each, during })),
    );
  }

  #sendNext(): boolean {
    const report = this.#parts.reports.get(this.#node.id)?.report;
    if (report === undefined || this.#offered === undefined) return false;
    const type = nextResource(report, {
      resources: this.#offered,
      inFlight: new Set(this.#inFlight.keys()),
      repeated: this.#repeated,
      settled: this.#parts.reports.settled,
    });
    const resource = type && this.#offered[type];
    if (type === undefined || resource === undefined) return false;
    this.#send(type, resource);
    return true;
  }

  #send(type: ResourceType, resource: SnapshotResource): void {
    const { clock, contents, metrics, reports, answerTimeout } = this.#parts;
    const nonce = `${this.#noncePrefix}-${++this.#nonces}`;
    const tick = this.#tick;
    const timeout = clock.after(answerTimeout, () => {
      metrics.results.with(type, "timeout").add();
      reports.overdue(this.#node.id);
    });
    this.#inFlight.set(type, { nonce, resource, sentAt: clock.now(), timeout: timeout.unref() });
    if (type === "stage") this.#repeated = resource.hash;
    reports.sent(this.#node.id, type, markOf(type, resource, tick));
    metrics.sent.with(type).add();
    const { hash, tombstone } = resource;
    const content = contents.bytesOf(resource);
    const again = type === "stage" ? this.#again(resource) : [];
    this.#outlet.write({
      resource: { type: RESOURCE_WORDS[type], nonce, hash, tick, content, tombstone, again },
    });
  }

  /** Digests in a stage that a person wants to be tried again. */
  #again({ content }: SnapshotResource): string[] {
    const again = this.#parts.reports.get(this.#node.id)?.report.again ?? [];
    const { packages } = content as StageContent;
    return again.filter((digest) => packages.some((each) => each.digest === digest));
  }

  /** What an answer is to; undefined where it is to nothing that is on its way. */
  #answered(
    word: Ack__Output["type"],
    nonce: string,
    hash: string,
    result: "ack" | "nack",
  ): { readonly type: ResourceType; readonly resource: SnapshotResource } | undefined {
    const { clock, metrics } = this.#parts;
    const type = resourceTypeOf(word);
    const inFlight = type === undefined ? undefined : this.#inFlight.get(type);
    if (type === undefined || inFlight?.nonce !== nonce || inFlight.resource.hash !== hash) {
      metrics.results.with(type ?? "unknown", "stale").add();
      return undefined;
    }
    inFlight.timeout[Symbol.dispose]();
    this.#inFlight.delete(type);
    metrics.results.with(type, result).add();
    metrics.answers.with(type).observe((clock.now() - inFlight.sentAt) / 1_000);
    return { type, resource: inFlight.resource };
  }

  /** `due`: what the node should have, and what it is offered. */
  #countSuppressed(due: readonly Offer["resources"][]): void {
    const standings = this.#parts.reports.get(this.#node.id)?.report.resources;
    for (const type of RESOURCE_TYPES) {
      const { acked, refused = [] } = standings?.[type] ?? {};
      const hashes = due.map((resources) => resources[type]?.hash).filter((hash) => hash !== acked?.hash);
      if (refused.some(({ hash }) => hashes.includes(hash))) this.#parts.metrics.suppressed.with(type).add();
    }
  }
}

function markOf(type: ResourceType, resource: SnapshotResource, tick: number): Omit<ResourceMark, "at"> {
  const { hash } = resource;
  return type === "chain" ? { hash, tick, entries: markedEntries(resource) } : { hash, tick };
}

function describe({ key, message, plugin }: Nack__Output["problems"][number]): string {
  const about = plugin === "" ? "" : `${plugin}: `;
  return `${about}${key === "" ? "" : `${key}: `}${message}`.slice(0, LONGEST_PROBLEM);
}
