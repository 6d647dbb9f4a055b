import { join } from "node:path";

import type { Clock } from "../../core/clock.ts";
import { describeProblem, MeshError, namedOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { PackageCache } from "../../core/packages/package-cache.ts";
import type { ControlMessage__Output } from "../../proto/gen/mesh/v1/ControlMessage.ts";
import type { Hello } from "../../proto/gen/mesh/v1/Hello.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { Configuration } from "../config/configuration.ts";
import { ArtifactDownloads } from "./artifact-download.ts";
import { ArtifactSource } from "./artifact-source.ts";
import { CheckedPackages } from "./checked-packages.ts";
import { ControlLink } from "./control-link.ts";
import type { ControlSession, SessionEvents } from "./control-session.ts";
import type { CredentialSettings } from "./credentials.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import { helloOf, type NodeSelf } from "./hello.ts";
import { intervalsOf } from "./intervals.ts";
import { LastGood } from "./last-good.ts";
import { LogQuestions } from "./log-questions.ts";
import { NodeResources } from "./node-resources.ts";
import { checkPackage, type PackageCheckOptions } from "./package-check.ts";
import type { PluginLogs } from "./plugin-logs.ts";
import type { NodeView } from "./node-view.ts";
import { PluginReports } from "./plugin-reports.ts";
import type { ReleasedPackages } from "./released-packages.ts";
import { Reporter } from "./reporter.ts";
import type { WantedPackage } from "./resource.ts";
import { Stage } from "./stage.ts";
import type { StagedPackage } from "./staged-package.ts";

export interface ControlAgentOptions {
  /** `host:port` of the control plane's stream. */
  readonly target: string;
  /** Where artifacts are; empty: the control plane says, or else it is known. */
  readonly artifacts: string;
  readonly credentials: CredentialSettings;
  readonly self: NodeSelf;
  /** The node's own, absolute: see `openNodeFolder`. */
  readonly folder: string;
  readonly released: ReleasedPackages;
  readonly configuration: Configuration;
  readonly compile: PackageCheckOptions["compile"];
  /** A script may come soon, to be compiled. */
  readonly expectScript: () => void;
  /** What `fromEnv` reads. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What the node does now. Never rejects. */
  readonly look: () => Promise<NodeView>;
  readonly logs: PluginLogs;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How the node stands with its control plane. */
export interface ControlStatus {
  readonly node: string;
  readonly target: string;
  readonly connected: boolean;
  /** Why it is not connected; empty where it is, or where that is not known yet. */
  readonly trouble: string;
  /** Where what is in force came from in this life; undefined: nothing is. `disk`: nobody confirmed it yet. */
  readonly source: "disk" | "stream" | undefined;
  /** Of the chain in force; 0: none is. */
  readonly tick: number;
  /** Hashes of what is in force, by type. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** The node's side of the control plane: what it is told takes effect here, and what there is to say goes there. */
export class ControlAgent implements AsyncDisposable {
  readonly #options: ControlAgentOptions;
  readonly #cache: PackageCache;
  readonly #artifacts: ArtifactSource;
  readonly #downloads: ArtifactDownloads;
  readonly #stage: Stage;
  readonly #resources: NodeResources;
  readonly #queue: DeliveryQueue;
  readonly #reports: PluginReports;
  readonly #reporter: Reporter;
  #restoring: Promise<void> = Promise.resolve();
  #closed = false;
  #link: ControlLink | undefined;
  #session: ControlSession | undefined;
  /** Digests that the last Hello called loadable: others may have become so since. */
  #introduced: ReadonlySet<string> = new Set();
  #confirmed = false;

  constructor(options: ControlAgentOptions) {
    this.#options = options;
    const { clock, log, folder, target, credentials, configuration, self } = options;
    this.#cache = new PackageCache(join(folder, "packages"));
    this.#downloads = new ArtifactDownloads(join(folder, "downloads"), this.#cache.archiveLimit);
    this.#artifacts = new ArtifactSource(options.artifacts, target, credentials, this.#downloads);
    this.#stage = this.#makeStage();
    this.#resources = new NodeResources({
      configuration,
      stage: this.#stage,
      lastGood: new LastGood(folder, log),
      place: { node: self.identity, directory: folder },
      log,
    });
    this.#queue = new DeliveryQueue(this.#resources, {
      taken: (name) => {
        if (name === "stage") for (const each of this.#stage.packages) this.#tell(stageReport(each));
        this.#reporter.changed();
      },
      refused: (name, problems) =>
        log.error(
          { type: name, problems: namedOf(problems).map(describeProblem) },
          "control plane: a resource was refused",
        ),
    });
    this.#reports = new PluginReports(() => this.#stage.packages);
    this.#reporter = new Reporter({
      look: options.look,
      plugins: ({ running }) => this.#reports.all(running),
      onConfirmedRemoval: (gone) => this.#reports.forget(gone),
      clock,
    });
  }

  get status(): ControlStatus {
    const { held, fromDisk } = this.#resources;
    const { target, self } = this.#options;
    return {
      node: self.identity.id,
      target,
      connected: this.#session !== undefined,
      trouble: this.#link?.trouble ?? "",
      source: held.chain === undefined ? undefined : fromDisk && !this.#confirmed ? "disk" : "stream",
      tick: held.chain?.tick ?? 0,
      hashes: Object.fromEntries(Object.entries(held).map(([name, { hash }]) => [name, hash])),
    };
  }

  /**
   * Resolves when a chain is in force: from the last life at once, else when the control plane has sent one. Rejects
   * with a `MeshError` `stopped` where it is disposed of before it connects.
   */
  async start(): Promise<void> {
    const { target, credentials, clock, log } = this.#options;
    this.#restoring = this.#restore();
    await this.#restoring;
    // A link that is made now would be closed by nobody.
    if (this.#closed) throw new MeshError("the sidecar is stopping", { code: "stopped", source: "internal" });
    this.#link = new ControlLink({
      target,
      credentials,
      hello: () => this.#hello(),
      events: (session) => this.#events(session),
      clock,
      log,
    });
    if (this.status.source === undefined) log.info({ target }, "waiting for the control plane's first chain");
    await this.#resources.ready;
    this.#options.expectScript();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    // What it still makes is disposed of below; what went wrong in it, `start` tells.
    await this.#restoring.catch(() => {});
    this.#reporter[Symbol.dispose]();
    await this.#link?.[Symbol.asyncDispose]();
    await this.#queue.close();
    await this.#stage[Symbol.asyncDispose]();
  }

  /** What the last life left: packages, what was in force, downloads that were cut short. */
  async #restore(): Promise<void> {
    await this.#cache.sweep();
    await this.#resources.restore();
    const held = new Set(this.#stage.packages.map(({ wanted }) => wanted.digest));
    await this.#downloads.sweep(held);
    await this.#reports.lookForAliens(this.#cache, held);
  }

  #makeStage(): Stage {
    const { clock, log, released, environment, compile, expectScript, folder, self } = this.#options;
    return new Stage({
      cache: this.#cache,
      checked: new CheckedPackages(join(folder, "checked"), self.version),
      released,
      download: (wanted, signal) => this.#artifacts.download(wanted, signal),
      downloaded: (digest) => this.#downloads.forget(digest),
      check: (found, config) => checkPackage(found, config, { compile, environment, directory: folder }),
      clock,
      log,
      onStatus: (staged) => {
        if (staged.status.state === "FETCHING") expectScript();
        this.#tell(stageReport(staged));
        this.#reporter.changed();
      },
      onDeleted: (gone) => this.#deleted(gone),
    });
  }

  #deleted(gone: WantedPackage): void {
    const { plugin, version, digest } = gone;
    this.#reports.removed(gone);
    this.#tell({ stage: { plugin, version, digest, state: "DELETED", detail: "", attempts: 0 } });
    this.#reporter.changed();
    if (!this.#stage.packages.some(({ wanted }) => wanted.plugin === plugin))
      void this.#options.logs.forget(plugin);
  }

  #hello(): Hello {
    const hello = helloOf(this.#options.self, this.#resources.held, this.#stage.packages);
    this.#introduced = new Set(hello.staged?.map(({ digest = "" }) => digest));
    return hello;
  }

  #events(session: ControlSession): SessionEvents {
    const questions = new LogQuestions(this.#options.logs, session);
    void this.#afterwards(session, questions);
    return {
      welcome: ({ artifacts, apiPort, intervals }) => {
        this.#session = session;
        this.#confirmed = true;
        this.#artifacts.announced(artifacts, apiPort);
        this.#reporter.begin(intervalsOf(intervals), (message) => void session.send(message));
        for (const each of this.#stage.packages)
          if (each.status.state !== "LOADABLE" || !this.#introduced.has(each.wanted.digest))
            this.#tell(stageReport(each));
      },
      message: (message) => this.#receive(message, session, questions),
    };
  }

  async #afterwards(session: ControlSession, questions: LogQuestions): Promise<void> {
    await session.ended;
    questions[Symbol.dispose]();
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#reporter.end();
    this.#queue.clear();
  }

  #receive(message: ControlMessage__Output, session: ControlSession, questions: LogQuestions): void {
    const { resource, confirmation, readLog } = message;
    if (resource) this.#queue.deliver(resource, (answer) => void session.send(answer));
    if (readLog) questions.ask(readLog);
    if (!confirmation) return;
    const { sequence, intervals, wantComplete } = confirmation;
    this.#reporter.confirmed(sequence, intervals ? intervalsOf(intervals) : undefined, wantComplete);
  }

  #tell(message: NodeMessage): void {
    this.#session?.send(message);
  }
}

function stageReport({ wanted, status }: StagedPackage): NodeMessage {
  const { plugin, version, digest } = wanted;
  const detail = "detail" in status ? status.detail.slice(0, 1_000) : "";
  const attempts = status.state === "WAITING" ? status.attempts : 0;
  return { stage: { plugin, version, digest, state: status.state, detail, attempts } };
}
