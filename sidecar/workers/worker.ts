import type { BufferedOutput } from "../../core/buffered-output.ts";
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { createLogger, type Logger } from "../../core/log.ts";
import { clustersPage, pluginsPage, releasePlugin } from "../admin-wiring.ts";
import { DataPlane } from "../data-plane.ts";
import { dataPlaneView } from "../data-plane-view.ts";
import { observeDataPlane } from "../state-wiring.ts";
import { pagesOf } from "./added-metrics.ts";
import { DeliveredPackages } from "./delivered-packages.ts";
import { Participant } from "./participant.ts";
import {
  readAsk,
  type Answer,
  type AnswerMessage,
  type Ask,
  type QuestionMessage,
  type QuestionName,
} from "./questions.ts";

export interface WorkerOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly output: BufferedOutput;
  /** The worker has drained, and the process is to end. */
  readonly onDrained: () => void;
}

type Handlers = { readonly [Name in QuestionName]: (ask: Ask<Name>) => Answer<Name> | Promise<Answer<Name>> };

interface Started {
  readonly dataPlane: DataPlane;
  readonly participant: Participant;
  readonly log: Logger;
  /** ms that what is under way has when the supervisor is gone. */
  readonly drainTimeout: number;
}

/** The data plane of one process among several: does what the supervisor asks. */
export class Worker implements AsyncDisposable {
  readonly #options: WorkerOptions;
  #started: Started | undefined;
  #draining = false;

  readonly #handlers: Handlers = {
    start: (ask) => this.#start(ask),
    prepare: (order) => this.#get().participant.prepare(order),
    commit: ({ withheld }) => this.#get().participant.commit(new Map(withheld)),
    listen: (ports) => this.#dataPlane.start(ports ?? undefined),
    notReady: () => this.#dataPlane.readiness.reasons(),
    metrics: () => pagesOf(this.#dataPlane.telemetry.registry.families),
    view: () => dataPlaneView(this.#dataPlane),
    plugins: () => pluginsPage(this.#dataPlane),
    clusters: () => clustersPage(this.#dataPlane),
    setLogLevel: (level) => {
      this.#get().log.level = level;
      return null;
    },
    releasePlugin: (plugin) => releasePlugin(this.#dataPlane, plugin),
    drain: ({ delay, deadline }) => {
      void this.#drain(delay, deadline);
      return null;
    },
    cut: () => {
      this.#dataPlane.cut();
      return null;
    },
  };

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** Never rejects: what goes wrong is the answer. */
  async answer({ id, name, ask }: QuestionMessage): Promise<AnswerMessage> {
    try {
      return { id, kind: "answer", answer: await this.#handle(name, ask) };
    } catch (thrown) {
      return { id, kind: "failure", message: messageOf(thrown) };
    }
  }

  /** Nobody asks any more: takes nothing new, and ends when what is under way is over. */
  async abandon(): Promise<void> {
    if (this.#started === undefined) return this.#options.onDrained();
    const { log, drainTimeout } = this.#started;
    if (!this.#draining) log.error("the supervisor is gone: draining");
    await this.#drain(0, drainTimeout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#started?.dataPlane[Symbol.asyncDispose]();
  }

  get #dataPlane(): DataPlane {
    return this.#get().dataPlane;
  }

  #get(): Started {
    if (this.#started === undefined) throw new Error("it was not started");
    return this.#started;
  }

  async #handle<Name extends QuestionName>(name: Name, ask: unknown): Promise<Answer<Name>> {
    return this.#handlers[name](readAsk(name, ask));
  }

  #start({ worker, settings, logLevel }: Ask<"start">): null {
    const { environment, clock, output } = this.#options;
    const log = createLogger(logLevel, output, { worker });
    const packages = new DeliveredPackages();
    const dataPlane = new DataPlane({ settings, packages, environment, clock, log, output, worker });
    observeDataPlane(dataPlane);
    const participant = new Participant(dataPlane.applier, packages);
    this.#started = { dataPlane, participant, log, drainTimeout: settings.drainTimeout };
    return null;
  }

  async #drain(delay: number, deadline: number): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    await this.#dataPlane.drain(delay, deadline);
    this.#options.onDrained();
  }
}
