import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import type { Clock, Timer } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { PluginManifest } from "../../../core/packages/manifest.ts";
import { START_SCRIPT, STOP_SCRIPT } from "../../../core/packages/read-package.ts";
import { OutputLines } from "./output-lines.ts";
import { ProcessGroup, type GroupCommand, type ScriptEnd } from "./process-group.ts";

/** What a supervised process tells its owner. */
export interface ProcessEvents {
  /** Its socket is there: connecting is worth a try. */
  listening(): void;
  /** It has ended or was ended, and will be started again. */
  ended(reason: string): void;
}

export interface PluginProcessOptions {
  readonly manifest: PluginManifest;
  /** The unpacked package. */
  readonly directory: string;
  /** Path of the socket on which it must listen. */
  readonly socket: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: ProcessEvents;
  /** 0 to 1, for the delays between starts. */
  readonly random: () => number;
}

/** Milliseconds between two looks at whether any of it lives, and whether its socket is there. */
const SCAN = 50;
/** Milliseconds without a connection after which it is taken for dead and started again. */
const PATIENCE = 30_000;
/** The first restart comes after 0 to this many milliseconds; the span doubles up to the last. */
const FIRST_SPAN = 10_000;
const LAST_SPAN = 300_000;
/** Milliseconds of service after which the next restart is a first one again. */
const PROVEN = 60_000;
/** Milliseconds for stop.sh, and between SIGTERM and SIGKILL. */
const STOP_GRACE = 2_000;
const STOP_POLL = 20;

type ProcessState =
  | {
      readonly kind: "running";
      readonly group: ProcessGroup;
      readonly output: OutputLines;
      readonly scan: Timer;
    }
  | { readonly kind: "waiting"; readonly timer: Timer }
  | { readonly kind: "stopped" };

/**
 * The server of a process plugin: started by bin/start.sh, watched, started again when it ends, ended with all that
 * it started. start.sh may stay or leave its server behind; whether any of the group lives is what counts.
 */
export class PluginProcess {
  readonly #options: PluginProcessOptions;
  readonly #environment: Readonly<Record<string, string>>;
  #state: ProcessState = { kind: "stopped" };
  #span = FIRST_SPAN;
  #lastEnd: string | undefined;
  #wasListening = false;
  /** On the clock: since when it is connected, or is expected to be. */
  #connectedSince: number | undefined;
  #missingSince = 0;

  constructor(options: PluginProcessOptions) {
    this.#options = options;
    const { manifest, socket } = options;
    this.#environment = {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      LANG: "C.UTF-8",
      MESH_PLUGIN_SOCKET: socket,
      MESH_PLUGIN_NAME: manifest.name,
      MESH_PLUGIN_VERSION: manifest.version,
    };
  }

  /** Why it last ended; undefined while it has not. */
  get lastEnd(): string | undefined {
    return this.#lastEnd;
  }

  start(): void {
    const { clock, log, manifest } = this.#options;
    const { name: plugin, version } = manifest;
    const output = new OutputLines(clock, {
      line: (text) => log.info({ plugin, version }, text),
      dropped: (lines) => log.warn({ plugin, version, lines }, "plugin output dropped"),
    });
    const group = new ProcessGroup(this.#command(START_SCRIPT), output);
    const scan = clock.every(SCAN, () => this.#scan()).unref();
    this.#state = { kind: "running", group, output, scan };
    this.#wasListening = false;
    this.#missingSince = clock.now();
    void group.scriptEnded.then((end) => this.#scriptEnded(group, end));
  }

  /** The owner's connection is there, or is not. */
  connectionChanged(isThere: boolean): void {
    const now = this.#options.clock.now();
    this.#connectedSince = isThere ? now : undefined;
    this.#missingSince = now;
  }

  /** Ends it: stop.sh where there is one, SIGTERM, then SIGKILL, to the whole group. Never rejects. */
  async stop(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: "stopped" };
    if (state.kind === "waiting") state.timer[Symbol.dispose]();
    if (state.kind !== "running") return;
    state.scan[Symbol.dispose]();
    if (existsSync(join(this.#options.directory, STOP_SCRIPT))) await this.#runStopScript(state.output);
    await endGroup(state.group, this.#options.clock);
  }

  #scriptEnded(group: ProcessGroup, end: ScriptEnd): void {
    if (this.#state.kind !== "running" || this.#state.group !== group) return;
    // With code 0 it may have left its server behind: then the scan watches that.
    if (!end.wasOrderly || !group.isAlive) this.#end(`${START_SCRIPT}: ${end.reason}`);
  }

  #scan(): void {
    if (this.#state.kind !== "running") return;
    // Who answers lives.
    if (this.#connectedSince !== undefined) return;
    if (!this.#state.group.isAlive) return this.#end("no process of it is left");
    const { clock, socket, events } = this.#options;
    if (!this.#wasListening && existsSync(socket)) {
      this.#wasListening = true;
      events.listening();
    }
    if (clock.now() - this.#missingSince > PATIENCE)
      this.#end(`it has not answered on its socket for ${PATIENCE / 1_000} s`);
  }

  /** Ends what is left of it and starts it again later. */
  #end(why: string): void {
    if (this.#state.kind !== "running") return;
    const { group, output, scan } = this.#state;
    const { clock, log, manifest, random, events } = this.#options;
    scan[Symbol.dispose]();
    const reason = output.last === "" ? why : `${why}; its last output: ${output.last}`;
    this.#lastEnd = reason;
    if (clock.now() - (this.#connectedSince ?? Infinity) >= PROVEN) this.#span = FIRST_SPAN;
    const delay = random() * this.#span;
    this.#span = Math.min(this.#span * 2, LAST_SPAN);
    this.#state = { kind: "waiting", timer: clock.after(delay, () => void this.#startAgain(group)).unref() };
    group.signal("SIGKILL");
    const { name: plugin, version } = manifest;
    log.error({ plugin, version, reason, restartIn: Math.round(delay) }, "plugin process ended");
    events.ended(reason);
  }

  async #startAgain(previous: ProcessGroup): Promise<void> {
    previous.signal("SIGKILL");
    previous.release();
    // A socket that was left behind would keep the new server from listening.
    await rm(this.#options.socket, { force: true });
    if (this.#state.kind === "waiting") this.start();
  }

  async #runStopScript(output: OutputLines): Promise<void> {
    const group = new ProcessGroup(this.#command(STOP_SCRIPT), output);
    await within(group.scriptEnded, STOP_GRACE, this.#options.clock);
    group.signal("SIGKILL");
    group.release();
  }

  #command(script: string): GroupCommand {
    const { directory } = this.#options;
    return { file: join(directory, script), directory, environment: this.#environment };
  }
}

async function endGroup(group: ProcessGroup, clock: Clock): Promise<void> {
  group.signal("SIGTERM");
  for (let waited = 0; waited < STOP_GRACE && group.isAlive; waited += STOP_POLL)
    await pause(STOP_POLL, clock);
  if (group.signal("SIGKILL")) await within(group.scriptEnded, STOP_GRACE, clock);
  group.release();
}

async function pause(milliseconds: number, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  clock.after(milliseconds, resolve);
  await promise;
}

async function within(event: Promise<unknown>, milliseconds: number, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _timer = clock.after(milliseconds, resolve);
  await Promise.race([event, promise]);
}
