import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";

import { hostCommand } from "../../sidecar/plugin-host/host-command.ts";
import type { HeaderEdits } from "../../core/headers/header-edits.ts";
import { readBreadcrumb } from "../../sidecar/plugin-host/protocol/breadcrumb.ts";
import { readEdits } from "../../sidecar/plugin-host/protocol/edits-text.ts";
import { FrameChannel } from "../../sidecar/plugin-host/protocol/frame-channel.ts";
import { messageText, type MessageFacts } from "../../sidecar/plugin-host/protocol/message-text.ts";
import {
  FROM_HOST_KINDS,
  type Failure,
  type FromHost,
  type Load,
  type Loaded,
  type Ran,
  type Run,
  type EntryResult,
  type ToHost,
  type Unloaded,
} from "../../sidecar/plugin-host/protocol/messages.ts";

/** How a host ended. */
export interface HostEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Generation that had the CPU; 0: nobody. */
  readonly blamed: number;
}

/** What a run has in place of the defaults. */
type RunChanges = Partial<Pick<Run, "edits" | "entries" | "background">> & {
  readonly facts?: Partial<MessageFacts>;
  readonly attempt?: number;
  /** Header lines. */
  readonly headers?: string;
};

const HEADERS = "Host: shop.example\r\nAccept: */*\r\nCookie: a=1; b=2\r\nX-Trace:  abc \r\n";

const FACTS: MessageFacts = {
  id: 0,
  position: 0,
  bizStartAt: 1_700_000_000_000,
  status: 0,
  method: "GET",
  host: "shop.example",
  remoteIp: "10.1.2.3",
  path: "/cart",
  query: "a=b",
};

/** A real plugin host, driven over its link as the sidecar does it. */
export class HostDriver implements AsyncDisposable {
  /** Everything that the host said, in order. */
  readonly frames: FromHost[] = [];
  readonly ended: Promise<HostEnd>;
  readonly #child: ChildProcess;
  readonly #channel: FrameChannel<FromHost, ToHost>;
  readonly #breadcrumb: number;
  #watchers: (() => void)[] = [];
  #onRan: ((ran: Ran) => void) | undefined;
  #over = false;
  #lastRun = 0;
  #lastGeneration = 1000;
  output = "";

  private constructor(flags: readonly string[]) {
    const path = join(tmpdir(), `sluice-breadcrumb-${randomUUID()}`);
    this.#breadcrumb = openSync(path, "wx+");
    rmSync(path);
    const { file, args, env } = hostCommand();
    this.#child = spawn(file, [...flags, ...args], {
      env,
      cwd: "/",
      stdio: ["ignore", "pipe", "pipe", "pipe", this.#breadcrumb],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    this.#channel = new FrameChannel<FromHost, ToHost>(this.#child.stdio[3] as Socket, FROM_HOST_KINDS, {
      frame: (frame) => this.#receive(frame),
      closed: () => {},
    });
    this.ended = this.#awaitEnd();
  }

  /** Resolves when it said Hello. `flags`: further ones of Node. */
  static async start(flags: readonly string[] = []): Promise<HostDriver> {
    const driver = new HostDriver(flags);
    await driver.next((frame) => frame.kind === "hello");
    return driver;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The generation that has the CPU. */
  get onCpu(): number {
    return this.#over ? 0 : readBreadcrumb(this.#breadcrumb).generation;
  }

  /** Nothing of it is left. */
  get over(): boolean {
    return this.#over;
  }

  send(frame: ToHost): void {
    this.#channel.send(frame);
  }

  /** For the bench: sees every answer at once, which is not kept. */
  set onRan(seen: (ran: Ran) => void) {
    this.#onRan = seen;
  }

  /** The first frame, from the beginning or from now on, for which `matches` holds. */
  async next<Frame extends FromHost>(
    matches: ((frame: FromHost) => frame is Frame) | ((frame: FromHost) => boolean),
    from = 0,
  ): Promise<Frame> {
    for (let index = from; ;) {
      for (; index < this.frames.length; index++) {
        const frame = this.frames[index];
        if (frame !== undefined && matches(frame)) return frame as Frame;
      }
      if (this.#over) throw new Error(`the host ended: ${this.output}`);
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** Sends Load and waits for what comes of it. */
  async load(generation: number, source: string, more: Partial<Load> = {}): Promise<Loaded> {
    this.send({ ...loadOf(generation, source), ...more });
    return await this.next(
      (frame): frame is Loaded => frame.kind === "loaded" && frame.generation === generation,
    );
  }

  /** Loads what must load. */
  async loadWell(generation: number, source: string, more: Partial<Load> = {}): Promise<void> {
    const { error } = await this.load(generation, source, more);
    if (error !== undefined) throw loadError(error);
  }

  /** Loads what must load under a number of its own. */
  async loadNew(source: string, more: Partial<Load> = {}): Promise<number> {
    const generation = this.nextGeneration();
    await this.loadWell(generation, source, more);
    return generation;
  }

  /** A number that no generation has. */
  nextGeneration(): number {
    return ++this.#lastGeneration;
  }

  /** Sends Unload and waits for its answer. */
  async unload(generation: number, abandon = false): Promise<Unloaded> {
    this.send({ kind: "unload", generation, abandon });
    return await this.next(
      (frame): frame is Unloaded => frame.kind === "unloaded" && frame.generation === generation,
    );
  }

  /**
   * Loads it under a number of its own and unloads it, again while `destroy` was cut off for want of the CPU, or where
   * hooks have little of it the load was. What the host had to say, and the number of the last one.
   */
  async unloadUntilTold(
    source: string,
    more: Partial<Load> = {},
  ): Promise<{ readonly generation: number; readonly error: Unloaded["error"] }> {
    for (;;) {
      const generation = this.nextGeneration();
      const loaded = await this.load(generation, source, more);
      if (loaded.error !== undefined) {
        if (isForWantOfCpu(loaded.error)) continue;
        throw loadError(loaded.error);
      }
      const { error } = await this.unload(generation);
      if (error?.cause !== "host_busy") return { generation, error };
    }
  }

  /** Runs it again while a plugin was cut off for want of the CPU, as the sidecar does. */
  async runUntilTold(generations: readonly number[], more: RunChanges = {}): Promise<Ran> {
    for (;;) {
      const ran = await this.run(generations, more);
      if (!ran.results.some(({ failure }) => failure?.cause === "host_busy")) return ran;
    }
  }

  /** Sends Run and waits for its Ran. */
  async run(generations: readonly number[], more: RunChanges = {}): Promise<Ran> {
    const run = this.start(generations, more);
    return await this.answer(run.id);
  }

  /** Sends Run. */
  start(generations: readonly number[], more: RunChanges = {}): Run {
    const run = runOf(++this.#lastRun, generations, more);
    this.send(run);
    return run;
  }

  async answer(id: number): Promise<Ran> {
    return await this.next((frame): frame is Ran => frame.kind === "ran" && frame.id === id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  #receive(frame: FromHost): void {
    if (frame.kind === "ran" && this.#onRan !== undefined) return this.#onRan(frame);
    this.frames.push(frame);
    this.#wake();
  }

  #wake(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  async #awaitEnd(): Promise<HostEnd> {
    const [code, signal] = (await once(this.#child, "close")) as [number | null, NodeJS.Signals | null];
    const blamed = this.onCpu;
    closeSync(this.#breadcrumb);
    this.#over = true;
    this.#wake();
    return { code, signal, blamed };
  }
}

function loadError({ cause, detail }: Failure): Error {
  return new Error(`load: ${cause}: ${detail}`);
}

function isForWantOfCpu({ cause }: Failure): boolean {
  return cause === "cpu" || cause === "host_busy";
}

export function loadOf(generation: number, source: string): Load {
  return {
    kind: "load",
    generation,
    plugin: `plugin-${generation}`,
    version: "1.0.0",
    source,
    configJson: "{}",
    cpuMicros: 10_000,
    timeoutMs: 200,
    memoryBytes: 32 * 1024 * 1024,
    hookTimeoutMs: 1000,
    keyValue: false,
    entries: [],
    keyValueBytes: 64 * 1024,
    keyValueKeys: 100,
    fetch: [],
    positions: [0, 1],
    tag: "",
    compileOnly: false,
  };
}

export function runOf(id: number, generations: readonly number[], more: RunChanges = {}): Run {
  const { headers = HEADERS, facts, attempt = 1, ...rest } = more;
  return {
    kind: "run",
    id,
    message: messageText({ ...FACTS, id, ...facts }, attempt, headers),
    edits: "",
    entries: generations.map((generation) => ({ generation, tag: "", stopOnFailure: false })),
    background: false,
    ...rest,
  };
}

/** The header changes of an answer. */
export function editsOf(result: EntryResult | undefined): HeaderEdits {
  return readEdits(result?.edits ?? "");
}
