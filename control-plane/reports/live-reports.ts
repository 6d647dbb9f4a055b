import type { Clock } from "../../core/clock.ts";
import {
  RESOURCE_TYPES,
  type Node,
  type NodeFailure,
  type NodePackage,
  type NodePlugin,
  type NodeReport,
  type Presence,
  type Refusal,
  type ResourceMark,
  type ResourceStanding,
  type ResourceType,
  type SyncState,
} from "../model/node.ts";
import { afterPackage, afterPlugins, withFailures, withoutFailures } from "./failures.ts";
import type { Convergence, KnownNode, NodeReports } from "./node-reports.ts";
import { awaitedFor, presenceOf, type PresenceLimits } from "./presence.ts";
import { keyOf, mergePackage, mergePlugins, resumePackages } from "./reported-plugins.ts";
import { acknowledge, forgive, NO_STANDINGS, refuse, resume, send, want, withhold } from "./standing.ts";
import { isUnanswered, syncOf } from "./sync-state.ts";

/** Milliseconds. */
export interface ReportLimits extends PresenceLimits {
  /** How long a node may take to answer before it is STALE. */
  readonly answerTimeout: number;
}

/** What a node says of itself when it connects. */
export interface Introduction {
  readonly incarnation: string;
  /** Hash by type; a type that is not there: nothing of it. */
  readonly inForce: Readonly<Partial<Record<ResourceType, string>>>;
  readonly staged: readonly Pick<NodePackage, "plugin" | "version" | "digest">[];
}

interface Entry {
  node: Node;
  report: NodeReport;
  /** Monotonic; before the start of this process where it was heard by another one. */
  heardAt: number;
  /** Monotonic: until then it is not OFFLINE, since it may be on its way back to a control plane that was away. */
  readonly awaitedUntil: number;
  /** Presence as listeners know it. */
  told: Presence;
}

const REPORT_INTERVALS_UNTIL_SETTLED = 2;

/** The memory behind NodeReports, and the only place that writes it: every change is told to listeners. */
export class LiveReports implements NodeReports {
  readonly #clock: Clock;
  readonly #limits: ReportLimits;
  readonly #startedAt: number;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(node: string) => void>();
  readonly #refusalListeners = new Set<() => void>();
  /** Nodes that were sent a stage on their stream, since somebody last said retry. */
  readonly #stageSent = new Set<string>();
  /** Connected nodes of which it is not known what they should have by now. */
  readonly #outdated = new Set<string>();
  #sorted: readonly Entry[] | undefined;

  constructor(clock: Clock, limits: ReportLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#startedAt = clock.now();
  }

  get(node: string): KnownNode | undefined {
    return this.#entries.get(node);
  }

  list(cluster?: string): readonly KnownNode[] {
    this.#sorted ??= [...this.#entries.values()].sort((left, right) =>
      left.node.id < right.node.id ? -1 : 1,
    );
    return cluster === undefined ? this.#sorted : this.#sorted.filter(({ node }) => node.cluster === cluster);
  }

  presence(node: string): Presence {
    const entry = this.#entries.get(node);
    return entry === undefined ? "OFFLINE" : this.#presenceOf(entry);
  }

  sync(node: string): SyncState {
    const entry = this.#entries.get(node);
    if (entry === undefined) return "STALE";
    const sync = syncOf(entry.report, this.#clock.wall(), this.#limits.answerTimeout);
    return sync === "SYNCED" && this.#outdated.has(node) ? "PENDING" : sync;
  }

  convergence(cluster?: string): Convergence {
    const nodes = this.list(cluster);
    const present = nodes.filter(({ node }) => this.presence(node.id) !== "OFFLINE");
    const syncs = present.map(({ node }) => this.sync(node.id));
    const synced = syncs.filter((sync) => sync === "SYNCED").length;
    const rejected = present.filter((known, index) => {
      return syncs[index] === "REJECTED" && !this.#isAwaited(known);
    }).length;
    return {
      nodes: nodes.length,
      online: present.filter(({ node }) => this.presence(node.id) === "ONLINE").length,
      synced,
      pending: present.length - synced - rejected,
      rejected,
      converged: synced === present.length,
    };
  }

  get settled(): boolean {
    return this.#clock.now() - this.#startedAt >= REPORT_INTERVALS_UNTIL_SETTLED * this.#limits.heartbeat;
  }

  onChange(listener: (node: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Tells of each refusal: who did not keep it would send the content once more. */
  onRefusal(listener: () => void): Disposable {
    this.#refusalListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#refusalListeners.delete(listener) };
  }

  retry(node: string): void {
    this.#update(node, (report) => {
      const resources = mapStandings(report, forgive);
      const invalid = report.packages.filter(({ state }) => state === "INVALID");
      if (invalid.length === 0) return { ...report, resources };
      // Sent again, so that the node tries again what it holds for invalid.
      this.#stageSent.delete(node);
      return {
        ...report,
        packages: report.packages.filter((item) => !invalid.includes(item)),
        again: [...new Set([...report.again, ...invalid.map(({ digest }) => digest)])],
        resources: { ...resources, stage: { ...resources.stage, acked: undefined } },
      };
    });
  }

  forget(node: string): void {
    if (!this.#entries.delete(node)) return;
    this.#stageSent.delete(node);
    this.#outdated.delete(node);
    this.#sorted = undefined;
    this.#tell(node);
  }

  /** When the control plane starts: the nodes that have a record, and what each said last. */
  recall(nodes: readonly Node[], said: ReadonlyMap<string, NodeReport>): void {
    const heard = (node: Node): number | undefined => said.get(node.id)?.lastSeen;
    const endedAt = nodes.reduce((latest, node) => Math.max(latest, heard(node) ?? 0), 0);
    for (const node of nodes)
      this.remember(node, said.get(node.id), awaitedFor(heard(node), endedAt, this.#limits));
  }

  /** Of a node that has a record: new or changed. `awaited`: how long it is not OFFLINE though it is silent, ms. */
  remember(node: Node, report: NodeReport = unheard(node.id), awaited: number = 0): void {
    const known = this.#entries.get(node.id);
    if (known !== undefined) {
      known.node = node;
    } else {
      const silence = report.lastSeen === undefined ? Infinity : this.#clock.wall() - report.lastSeen;
      const heardAt = this.#clock.now() - Math.max(0, silence);
      const entry: Entry = {
        node,
        // What an earlier release stored may lack something.
        report: { ...unheard(node.id), ...report, connected: false },
        heardAt,
        awaitedUntil: this.#clock.now() + awaited,
        told: "OFFLINE",
      };
      entry.told = this.#presenceOf(entry);
      this.#entries.set(node.id, entry);
    }
    this.#sorted = undefined;
    this.#tell(node.id);
  }

  connected(node: string, { incarnation, inForce, staged }: Introduction): void {
    const at = this.#clock.wall();
    this.#heard(node);
    this.#stageSent.delete(node);
    this.#outdated.add(node);
    this.#update(node, (report) => ({
      ...report,
      connected: true,
      lastSeen: at,
      incarnation,
      resources: mapStandings(report, (standing, type) => resume(standing, inForce[type], at)),
      packages: resumePackages(report.packages, staged),
      pluginsBefore: true,
    }));
  }

  disconnected(node: string): void {
    this.#outdated.delete(node);
    this.#update(node, (report) => ({ ...report, connected: false }));
  }

  /** Any message counts. */
  heard(node: string): void {
    const entry = this.#heard(node);
    if (entry === undefined) return;
    entry.report = { ...entry.report, lastSeen: this.#clock.wall() };
    this.#tellPresence(entry);
  }

  /** Something has changed that these connected nodes may have to take: until `computed` none of them is SYNCED. */
  outdated(nodes: Iterable<string>): void {
    for (const node of nodes) this.#outdated.add(node);
  }

  /** What it should have by now is known, and was told by `want`. */
  computed(node: string): void {
    if (!this.#outdated.delete(node) || this.#outdated.size > 0) return;
    // Who waits for all of them may have heard nothing, since nothing followed for any.
    this.#tell(node);
  }

  /** `undefined`: nothing can be said yet. `inPlace`: what it gets, where that is something else. */
  want(
    node: string,
    type: ResourceType,
    mark: Omit<ResourceMark, "at"> | undefined,
    inPlace?: Omit<ResourceMark, "at">,
  ): void {
    const at = this.#clock.wall();
    this.#stand(node, type, (standing) =>
      want(standing, mark && { ...mark, at }, inPlace && { ...inPlace, at }),
    );
  }

  sent(node: string, type: ResourceType, mark: Omit<ResourceMark, "at">): void {
    const at = this.#clock.wall();
    if (type === "stage") this.#stageSent.add(node);
    this.#stand(node, type, (standing) => send(standing, { ...mark, at }));
  }

  acked(node: string, type: ResourceType): void {
    this.#stand(node, type, (standing) => acknowledge(standing, this.#clock.wall()));
  }

  nacked(node: string, type: ResourceType, refusal: Omit<Refusal, "at">): void {
    this.#stand(node, type, (standing) => refuse(standing, { ...refusal, at: this.#clock.wall() }));
    for (const listener of this.#refusalListeners) listener();
  }

  /** Of a chain that the node is not sent, since it refused entries of it in another one. */
  withheld(node: string, refusal: Refusal): void {
    this.#stand(node, "chain", (standing) => withhold(standing, refusal));
  }

  /** These versions could not be put in force on the node. */
  failed(node: string, failures: readonly Omit<NodeFailure, "at">[]): void {
    const at = this.#clock.wall();
    const noted = failures.map((failure) => ({ ...failure, at }));
    this.#fail(node, (known) => withFailures(known, noted));
  }

  /** The node put these versions in force. */
  activated(node: string, versions: readonly Pick<NodeFailure, "plugin" | "version">[]): void {
    this.#fail(node, (known) => withoutFailures(known, versions, "activation"));
  }

  /** `complete`: what is not in `plugins` is gone. */
  runs(node: string, plugins: readonly NodePlugin[], complete: boolean): void {
    this.#update(node, (report) => {
      const merged = mergePlugins(report.plugins, plugins, complete);
      const pluginsBefore = report.pluginsBefore === true && !complete;
      if (merged === report.plugins && pluginsBefore === (report.pluginsBefore ?? false)) return report;
      const at = this.#clock.wall();
      const failures = afterPlugins(report.failures, report.plugins, merged, at, report.packages);
      return { ...report, plugins: merged, pluginsBefore, failures };
    });
  }

  holds(node: string, item: NodePackage): void {
    const { digest, state } = item;
    this.#update(node, (report) => {
      const asked = report.again.includes(digest);
      // It cannot have heard yet that it is to try again: this is what it said before.
      if (asked && state === "INVALID" && !this.#stageSent.has(node)) return report;
      const packages = mergePackage(report.packages, item);
      const failures = afterPackage(report.failures, item, this.#clock.wall());
      if (asked && state !== "INVALID")
        return { ...report, packages, failures, again: report.again.filter((each) => each !== digest) };
      return packages === report.packages ? report : { ...report, packages, failures };
    });
  }

  /** The node took a stage of these packages: that it was at work on others, or could not load them, is over. */
  staged(node: string, packages: readonly Pick<NodePackage, "plugin" | "version" | "digest">[]): void {
    const named = new Set(packages.map(keyOf));
    this.#update(node, (report) => {
      const kept = report.packages.filter(
        (item) => item.state === "LOADABLE" || item.state === "DELETED" || named.has(keyOf(item)),
      );
      // One that was sent before somebody said retry told the node nothing of that.
      const again = this.#stageSent.has(node) ? [] : report.again;
      if (kept.length === report.packages.length && again.length === report.again.length) return report;
      return { ...report, packages: kept, again };
    });
  }

  /** The node has not answered in time: what `sync` says of it may be another word now. */
  overdue(node: string): void {
    this.#tell(node);
  }

  /** Tells listeners of nodes whose presence changed by silence alone; to be called every now and then. */
  tellSilence(): void {
    for (const entry of this.#entries.values()) this.#tellPresence(entry);
  }

  /** What it says of what it should have is still to come, whatever it refused before. */
  #isAwaited({ node, report }: KnownNode): boolean {
    const isSent = RESOURCE_TYPES.some((type) => isUnanswered(report.resources[type]));
    return !report.connected || this.#outdated.has(node.id) || isSent;
  }

  #heard(node: string): Entry | undefined {
    const entry = this.#entries.get(node);
    if (entry !== undefined) entry.heardAt = this.#clock.now();
    return entry;
  }

  #stand(node: string, type: ResourceType, change: (standing: ResourceStanding) => ResourceStanding): void {
    this.#update(node, (report) => {
      const standing = change(report.resources[type]);
      if (standing === report.resources[type]) return report;
      return { ...report, resources: { ...report.resources, [type]: standing } };
    });
  }

  #fail(node: string, change: (known: readonly NodeFailure[]) => readonly NodeFailure[]): void {
    this.#update(node, (report) => {
      const failures = change(report.failures);
      return failures === report.failures ? report : { ...report, failures };
    });
  }

  #update(node: string, change: (report: NodeReport) => NodeReport): void {
    const entry = this.#entries.get(node);
    if (entry === undefined) return;
    const report = change(entry.report);
    if (report === entry.report) return;
    entry.report = report;
    entry.told = this.#presenceOf(entry);
    this.#tell(node);
  }

  #tellPresence(entry: Entry): void {
    const presence = this.#presenceOf(entry);
    if (presence === entry.told) return;
    entry.told = presence;
    this.#tell(entry.node.id);
  }

  #presenceOf({ heardAt, awaitedUntil, report }: Entry): Presence {
    const now = this.#clock.now();
    const presence = presenceOf(now - heardAt, report.connected, this.#limits);
    return presence === "OFFLINE" && now < awaitedUntil ? "SUSPECT" : presence;
  }

  #tell(node: string): void {
    for (const listener of this.#listeners) listener(node);
  }
}

function unheard(node: string): NodeReport {
  return {
    node,
    connected: false,
    lastSeen: undefined,
    incarnation: "",
    resources: NO_STANDINGS,
    packages: [],
    again: [],
    plugins: [],
    failures: [],
  };
}

function mapStandings(
  { resources }: NodeReport,
  change: (standing: ResourceStanding, type: ResourceType) => ResourceStanding,
): Readonly<Record<ResourceType, ResourceStanding>> {
  const entries = RESOURCE_TYPES.map((type) => [type, change(resources[type], type)] as const);
  return Object.fromEntries(entries) as Record<ResourceType, ResourceStanding>;
}
