import { readdirSync, readFileSync } from "node:fs";

import { systemClock } from "../../core/clock.ts";
import { HeaderBlock } from "../../core/headers/header-block.ts";
import { createLogger, type Logger } from "../../core/log.ts";
import type { Generation } from "../../sidecar/chain/generation.ts";
import type { AskResult, SegmentCall } from "../../sidecar/chain/runner.ts";
import type { FailurePolicy, Verdict } from "../../sidecar/chain/verdict.ts";
import { hostCommand, type HostCommand } from "../../sidecar/plugin-host/host-command.ts";
import type { GenerationSpec, Prepared } from "../../sidecar/plugins/generation-registry.ts";
import { IsolateRuntime } from "../../sidecar/plugins/isolate/isolate-runtime.ts";
import { Registry } from "../../sidecar/plugins/registry.ts";
import { isolateManifest } from "./isolate-manifest.ts";
import { childPids } from "./process-resources.ts";

export interface PluginOptions {
  readonly config?: unknown;
  /** Tells versions of one plugin apart. Default: the script. */
  readonly digest?: string;
  readonly timeout?: number;
  readonly cpu?: number;
  readonly memory?: number;
  readonly kv?: boolean;
  readonly fetch?: readonly string[];
}

export interface AskOptions {
  readonly policy?: FailurePolicy;
  readonly path?: string;
  /** Milliseconds from now. Default 10 s. */
  readonly deadline?: number;
  readonly background?: boolean;
}

export interface MeshOptions {
  readonly hostMemory?: number;
  readonly log?: Logger;
  /** Default: the real plugin host. */
  readonly command?: HostCommand;
}

/** Answers with the header that its config names. */
export const TAGGER = `export default {
  execute: (request, { config }) => ({ headerSet: { [config?.header ?? "X-WEB-Tag"]: request.path } }),
};`;

/** Waits for whatever is answered elsewhere, 20 ms. */
export const SLOW = `export default {
  execute: async () => { await new Promise((done) => setTimeout(done, 20)); },
};`;

/** Real hosts under the real runtime and registry, and nothing else of the sidecar. */
export class IsolateMesh implements AsyncDisposable {
  readonly runtime: IsolateRuntime;
  readonly registry: Registry;
  readonly #children: ReadonlySet<number>;
  #lastExchange = 0;

  constructor({ hostMemory, log = createLogger("silent"), command = hostCommand() }: MeshOptions = {}) {
    this.#children = new Set(childPids());
    this.runtime = new IsolateRuntime({ command, clock: systemClock, log, hostMemory, ownPorts: [] });
    this.registry = new Registry({ runtimes: [this.runtime], clock: systemClock, log });
  }

  /** Until both roles are filled, by other processes than `not`. */
  async settled(not: readonly number[] = []): Promise<void> {
    await until(() => {
      const { active, standby, hosts } = this.runtime.status;
      return active !== undefined && standby !== undefined && hosts.every(({ pid }) => !not.includes(pid));
    });
  }

  /** Process ids by role. */
  get roles(): { readonly active: number | undefined; readonly standby: number | undefined } {
    const { active, standby } = this.runtime.status;
    return { active, standby };
  }

  get hostPids(): readonly number[] {
    return this.runtime.status.hosts.map(({ pid }) => pid);
  }

  /** Children of this process that were not there before. */
  get childPids(): readonly number[] {
    return childPids().filter((pid) => !this.#children.has(pid));
  }

  async prepare(name: string, source: string, options: PluginOptions = {}): Promise<Prepared> {
    const spec = specOf(name, source, options);
    const one = (await this.registry.prepare([spec])).get(spec);
    if (one === undefined) throw new Error(`${name} was not prepared`);
    return one;
  }

  /** Loads what must load, and holds it. */
  async load(name: string, source: string, options: PluginOptions = {}): Promise<Generation> {
    const prepared = await this.prepare(name, source, options);
    if (prepared.kind === "failed") throw new Error(`${name}: ${prepared.cause}: ${prepared.detail}`);
    prepared.generation.acquire();
    return prepared.generation;
  }

  /** A question to these plugins, as the chain would put it. */
  call(generations: readonly Generation[], options: AskOptions = {}): SegmentCall {
    const { policy = "open", path = "/", deadline = 10_000, background = false } = options;
    const asks = generations.map((target) => {
      const { timeout } = (target as unknown as { readonly spec: GenerationSpec }).spec;
      return { target, tag: "", failurePolicy: policy, timeout };
    });
    const message = {
      id: ++this.#lastExchange,
      position: 0,
      bizStartAt: Date.now(),
      method: "GET",
      host: "app.example",
      remoteIp: "192.0.2.1",
      path,
      query: "",
      status: 0,
      headers: HeaderBlock.fromFlat(["Host", "app.example", "Accept", "*/*"]),
    } as const;
    return { message, edits: [], asks, deadline: systemClock.now() + deadline, background };
  }

  async ask(generations: readonly Generation[], options: AskOptions = {}): Promise<readonly AskResult[]> {
    const [first] = generations;
    if (first === undefined) return [];
    return await new Promise((done) => first.runner.run(this.call(generations, options), done));
  }

  async verdicts(generations: readonly Generation[], options: AskOptions = {}): Promise<readonly Verdict[]> {
    return (await this.ask(generations, options)).map(({ verdict }) => verdict);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
  }
}

/** `allow`, `rewrite X-WEB-Tag=/`, `block 403`, `failed crash`. */
export function inWords(verdict: Verdict | undefined): string {
  switch (verdict?.kind) {
    case undefined:
      return "not asked";
    case "allow":
      return "allow";
    case "rewrite":
      return `rewrite ${verdict.edits.map(({ name, values }) => `${name}=${values.join("|")}`).join(" ")}`;
    case "block":
      return `block ${verdict.answer.status}`;
    case "failed":
      return `failed ${verdict.cause}`;
  }
}

/** Waits for a state that has no event to wait for. */
export async function until(holds: () => boolean, timeout = 15_000): Promise<void> {
  const due = performance.now() + timeout;
  while (!holds()) {
    if (performance.now() > due) throw new Error(`still not so after ${timeout} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Bytes of a process's memory, shared pages in proportion. */
export function proportionalSetSize(pid: number): number {
  const match = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"));
  return Number(match?.[1]) * 1024;
}

/** Of a plugin that is nowhere but in memory. */
export function specOf(name: string, source: string, options: PluginOptions = {}): GenerationSpec {
  const { config = {}, timeout = 50, cpu = 10, memory = 32 * 1024 * 1024 } = options;
  const { digest = source, kv = false, fetch = [] } = options;
  const permissions = { fetch, kv };
  const manifest = isolateManifest(name, { failurePolicy: "open", timeout, cpu, memory, permissions });
  const plugin = { manifest, digest, directory: "/", source, configSchema: undefined };
  return { package: plugin, config, secrets: [], tag: "", timeout, cpu, memory };
}
