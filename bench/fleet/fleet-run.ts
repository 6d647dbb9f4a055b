import type { ControlPlaneProcess } from "./control-plane-process.ts";
import { FleetNodes } from "./fleet-nodes.ts";
import { Operators, type Operated } from "./operators.ts";
import type { Coming, FleetResult, Pushed } from "./report.ts";

export interface FleetRunOptions {
  /** Not started yet. */
  readonly controlPlane: ControlPlaneProcess;
  readonly nodes: number;
  readonly processes: number;
  /** Hears how far it is. */
  readonly say: (what: string) => void;
}

/** ms of heartbeats over which the cost of an idle fleet is taken. */
const IDLE = 10_000;
const CHAINS = 3;
const RELEASES = 2;

/** One run of the fleet bench, step by step. */
export class FleetRun implements AsyncDisposable {
  readonly #options: FleetRunOptions;
  readonly #operators: Operators;
  readonly #fleet: FleetNodes;

  private constructor(options: FleetRunOptions, operators: Operators, fleet: FleetNodes) {
    this.#options = options;
    this.#operators = operators;
    this.#fleet = fleet;
  }

  /** Starts the control plane and makes what nodes are to have. */
  static async begin(options: FleetRunOptions): Promise<FleetRun> {
    const { controlPlane, processes } = options;
    await controlPlane.start();
    const operators = await Operators.begin(controlPlane.baseUrl, controlPlane.adminSecret);
    return new FleetRun(options, operators, new FleetNodes(processes, controlPlane.push));
  }

  async all(): Promise<FleetResult> {
    const { controlPlane, nodes, processes } = this.#options;
    const began = Date.now();
    const tokens = await this.#operators.tokens(nodes);
    const tokenSeconds = (Date.now() - began) / 1_000;
    const empty = await controlPlane.usage();
    const connecting = Date.now();
    await this.#fleet.connect(tokens);
    const connect = await this.#coming("connected", connecting);
    await new Promise((resolve) => setTimeout(resolve, IDLE));
    const idle = await controlPlane.usage();
    const chain: Pushed[] = [];
    for (let round = 0; round < CHAINS; round++)
      chain.push(await this.#pushed("another chain", async () => this.#operators.changeChain()));
    const release: FleetResult["release"][number][] = [];
    for (let round = 0; round < RELEASES; round++) release.push(await this.#released());
    const killed = await this.#restarted("SIGKILL");
    const told = await this.#restarted("SIGTERM");
    const cpuSeconds = idle.cpuSeconds - connect.usage.cpuSeconds;
    const idleShare = cpuSeconds / (IDLE / 1_000);
    return { nodes, processes, tokenSeconds, empty, connect, idleShare, chain, release, killed, told };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fleet[Symbol.dispose]();
    await this.#operators[Symbol.asyncDispose]();
    await this.#options.controlPlane[Symbol.asyncDispose]();
  }

  /** `since`: when they could begin to connect; wall clock, ms. */
  async #coming(what: string, since: number): Promise<Coming> {
    const { controlPlane, nodes, say } = this.#options;
    const seconds = ((await this.#operators.converged(nodes)) - since) / 1_000;
    const { resources, downloads, failedDownloads } = await this.#fleet.received();
    say(`${what}: ${seconds.toFixed(1)} s, ${resources} resources, ${downloads} downloads`);
    const usage = await controlPlane.usage();
    this.#operators.slowestAnswer();
    return { seconds, usage, received: resources, downloads, failedDownloads };
  }

  async #restarted(signal: "SIGTERM" | "SIGKILL"): Promise<Coming> {
    const { controlPlane } = this.#options;
    await controlPlane.end(signal);
    await this.#fleet.received();
    const since = Date.now();
    await controlPlane.start();
    return this.#coming(`back after ${signal}`, since);
  }

  async #released(): Promise<FleetResult["release"][number]> {
    const release = await this.#operators.prepareRelease();
    const before = await this.#options.controlPlane.usage();
    const downloadSeconds = (await this.#operators.download(release)) / 1_000;
    const after = await this.#options.controlPlane.usage();
    const pushed = await this.#pushed("another version", async () => this.#operators.activate(release));
    await this.#operators.complete(release);
    await this.#operators.converged(this.#options.nodes);
    return { ...pushed, downloadSeconds, downloadCpuSeconds: after.cpuSeconds - before.cpuSeconds };
  }

  async #pushed(what: string, change: () => Promise<Operated>): Promise<Pushed> {
    const { controlPlane, nodes, say } = this.#options;
    await this.#fleet.received();
    this.#operators.slowestAnswer();
    const before = await controlPlane.usage();
    const { tick, since } = await change();
    const converged = (await this.#operators.converged(nodes)) - since;
    const after = await controlPlane.usage();
    const { chains } = await this.#fleet.received();
    const first = new Map<string, number>();
    for (const each of chains)
      if (each.tick >= tick && !first.has(each.node)) first.set(each.node, each.at - since);
    const sorted = [...first.values()].toSorted((left, right) => left - right);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    say(`${what}: ${sorted.length} nodes, p99 ${at(0.99)} ms, converged after ${converged} ms`);
    return {
      acknowledged: sorted.length,
      sent: after.sent - before.sent,
      p50: at(0.5),
      p99: at(0.99),
      all: at(1),
      converged,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds,
      residentBytes: after.residentBytes,
      slowestAnswer: this.#operators.slowestAnswer(),
    };
  }
}
