import type { Clock, Timer } from "../../../core/clock.ts";
import { FrameChannel } from "../../plugin-host/protocol/frame-channel.ts";
import {
  FROM_HOST_KINDS,
  type Failure,
  type Fault,
  type FetchRequest,
  type FromHost,
  type IdleTimers,
  type KeyValueChanges,
  type Load,
  type LogLines,
  type Ran,
  type Run,
  type ToHost,
  type Unload,
} from "../../plugin-host/protocol/messages.ts";
import { ProtocolError } from "../../plugin-host/protocol/protocol-error.ts";
import { CpuSpell } from "./cpu-spell.ts";
import type { HostExit, KillReason } from "./host-exit.ts";
import { HostProcess, type HostCommand } from "./host-process.ts";
import type { Carrier, Sending } from "./pending-run.ts";
import { MAX_SENDINGS, Sendings } from "./sendings.ts";

/** What a host tells whoever runs it. Load numbers are those of `Load.generation`. */
export interface HostReceiver {
  ran(host: PluginHost, sending: Sending, ran: Ran): void;
  log(host: PluginHost, lines: LogLines): void;
  fetch(host: PluginHost, request: FetchRequest): void;
  keyValue(host: PluginHost, changes: KeyValueChanges): void;
  /** Work that no run waits for failed, or the isolate was lost. */
  fault(host: PluginHost, fault: Fault): void;
}

export type HookOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly failure: Failure }
  /** The host ended before it could say. */
  | { readonly kind: "ended"; readonly exit: HostExit };

/** A Pong that takes longer tells a busy host. */
const LATE_AFTER = 50;
/** ms of CPU that one entry of a hook may take: the host stops it at half of that, if it can. */
const HOOK_ENTRY = 1_000;
/** ms beyond the hook's own timeout, which the host watches: then the host does not work any more. */
const HOOK_GRACE = 5_000;
/** Bytes on their way to a host beyond which nothing more is sent to it. */
const MAX_BACKLOG = 8 * 1024 * 1024;
/** Cancelled runs that are remembered, in case that one of them is what kills the host. */
const MAX_FORGOTTEN = 64;
/** Milliseconds between the end of the link and that of the process, when it ends by itself. */
const ENDING_GRACE = 500;

/** One plugin host as the sidecar sees it: its process, its link, what it has loaded and what it was asked. */
export class PluginHost implements Carrier {
  /** Runs that it was asked and has not answered, by their id on the wire. */
  readonly inFlight = new Sendings();
  /** Loads that can be asked. */
  readonly loads = new Set<number>();
  /** Resolves when it said Hello, or with its end. Never rejects, like `ended`. */
  readonly started: Promise<HostExit | undefined>;
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<HostExit>;
  /** The active one of its pair; undefined: it is in none. The process learns with the next Ping what that means. */
  leader: (() => PluginHost | undefined) | undefined;
  readonly #process: HostProcess;
  readonly #channel: FrameChannel<FromHost, ToHost>;
  readonly #receiver: HostReceiver;
  readonly #clock: Clock;
  readonly #spell: CpuSpell;
  readonly #loading = new Map<number, Promise<HookOutcome>>();
  /** Cancelled runs; the host answers those too, when it comes to it. */
  readonly #forgotten = new Map<number, Sending>();
  readonly #hooks = new Map<number, (outcome: HookOutcome) => void>();
  readonly #hello = Promise.withResolvers<undefined>();
  readonly #closed = Promise.withResolvers<void>();
  #exit: HostExit | undefined;
  #ending: Timer | undefined;
  #sequence = 0;
  #pingedAt: number | undefined;
  #ponged = Promise.withResolvers<void>();
  #late = false;
  #timelySince = 0;
  #heard = 0;
  /** It answered a run since `pingIfSilent` was called last. */
  #answering = false;

  /** Throws if no process can be made. */
  constructor(command: HostCommand, receiver: HostReceiver, clock: Clock) {
    this.#receiver = receiver;
    this.#clock = clock;
    this.#process = new HostProcess(command);
    this.#spell = new CpuSpell(this.#process, clock);
    this.#channel = new FrameChannel<FromHost, ToHost>(this.#process.link, FROM_HOST_KINDS, {
      frame: (frame) => this.#receive(frame),
      closed: (error) => this.#linkClosed(error),
    });
    this.ended = this.#awaitEnd();
    this.started = Promise.race([this.#hello.promise, this.ended]);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** A Ping has been waiting for 50 ms: what is sent now waits too. */
  get late(): boolean {
    return this.#late;
  }

  /** Monotonic ms of the end of the last time that it was late: what was sent before may not have been begun. */
  get timelySince(): number {
    return this.#timelySince;
  }

  /** The load that has the CPU while the host is late; 0: nobody. */
  get holder(): number {
    return this.#late ? this.#spell.holder : 0;
  }

  /** Whether the holder has had the CPU for so long that it is not going to give it back. */
  get stuck(): boolean {
    return this.#late && this.#spell.lasted(LATE_AFTER);
  }

  /** It has to answer a Ping. */
  get pinged(): boolean {
    return this.#pingedAt !== undefined;
  }

  /** It should have answered a Ping by now. */
  get overdue(): boolean {
    return this.#pingedAt !== undefined && this.#clock.now() - this.#pingedAt >= LATE_AFTER;
  }

  /** Counts the frames that came from it: a host that says something is not hung. */
  get heard(): number {
    return this.#heard;
  }

  get longestHook(): number {
    return this.#hooks.size > 0 ? HOOK_ENTRY : 0;
  }

  /** More would only wait, and be answered too late. */
  get congested(): boolean {
    return this.inFlight.size >= MAX_SENDINGS || this.#channel.backlog > MAX_BACKLOG;
  }

  /** Whether it has this load, or is about to. */
  holds(generation: number): boolean {
    return this.loads.has(generation) || this.#loading.has(generation);
  }

  /** Brings a generation up; asking twice is asking once. */
  load(load: Load): Promise<HookOutcome> {
    if (this.loads.has(load.generation)) return Promise.resolve({ kind: "done" });
    const known = this.#loading.get(load.generation);
    if (known !== undefined) return known;
    const loading = this.#load(load);
    this.#loading.set(load.generation, loading);
    return loading;
  }

  /** Resolves when the load is gone from the host, or the host is. `abandon`: without `destroy`. */
  async unload(generation: number, hookTimeout: number, abandon: boolean): Promise<HookOutcome> {
    await this.#loading.get(generation);
    if (!this.loads.delete(generation)) return { kind: "done" };
    return this.#hook(generation, hookTimeout, { kind: "unload", generation, abandon });
  }

  run(sending: Sending, frame: Run): void {
    this.inFlight.add(sending);
    this.#channel.send(frame);
  }

  forget(id: number): void {
    const sending = this.inFlight.get(id);
    if (sending === undefined) return;
    this.inFlight.delete(id);
    this.#forgotten.set(id, sending);
    if (this.#forgotten.size > MAX_FORGOTTEN)
      this.#forgotten.delete(this.#forgotten.keys().next().value ?? 0);
    this.#channel.send({ kind: "cancel", id });
  }

  /** What it may be busy with: runs that it has not answered, wanted or not. */
  get unanswered(): readonly Sending[] {
    return [...this.#forgotten.values(), ...this.inFlight];
  }

  /** Sends anything that is neither a run nor a hook. */
  tell(frame: ToHost): void {
    this.#channel.send(frame);
  }

  /** Asks for a sign of life, unless one is awaited. */
  ping(): void {
    if (this.#pingedAt !== undefined) return;
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#pingedAt = this.#clock.now();
    this.#channel.send({ kind: "ping", sequence: this.#sequence, timers: this.#idleTimers() });
  }

  #idleTimers(): IdleTimers {
    if (this.leader === undefined) return "due";
    const leader = this.leader();
    if (leader === this) return "due";
    return leader?.overdue === true ? "held" : "late";
  }

  /** The same, but of who answered a run since this was called last. */
  pingIfSilent(): void {
    if (!this.#answering) this.ping();
    this.#answering = false;
  }

  /** Resolves when it has answered a Ping that is sent from now on. */
  async answersPing(): Promise<void> {
    if (this.#pingedAt !== undefined) await this.#ponged.promise;
    this.ping();
    await this.#ponged.promise;
  }

  /** To be called when what had arrived was read, so that our own delay is not taken for the host's. */
  judgeLateness(): void {
    if (this.#pingedAt === undefined) return;
    this.#late = this.overdue;
    this.#spell.look(this.#heard);
  }

  kill(reason: KillReason): void {
    this.#process.kill(reason);
  }

  async #load(load: Load): Promise<HookOutcome> {
    const outcome = await this.#hook(load.generation, load.hookTimeoutMs, load);
    this.#loading.delete(load.generation);
    if (outcome.kind === "done") this.loads.add(load.generation);
    return outcome;
  }

  async #awaitEnd(): Promise<HostExit> {
    const exit = await this.#process.ended;
    // What it said before it died may still be on its way to us, and counts.
    using _ = this.#clock.after(ENDING_GRACE, () => this.#channel[Symbol.dispose]());
    await this.#closed.promise;
    this.#ending?.[Symbol.dispose]();
    this.#exit = exit;
    this.loads.clear();
    for (const done of this.#hooks.values()) done({ kind: "ended", exit });
    return exit;
  }

  #linkClosed(error: Error | undefined): void {
    this.#closed.resolve();
    // The link of a process that is ending closes too. One that goes on without it is of no use.
    const grace = error instanceof ProtocolError ? 0 : ENDING_GRACE;
    this.#ending = this.#clock.after(grace, () => this.#process.kill("garbage"));
  }

  #receive(frame: FromHost): void {
    this.#heard++;
    switch (frame.kind) {
      case "ran":
        return this.#ran(frame);
      case "pong":
        return this.#pong(frame.sequence);
      case "keyValue":
        return this.#receiver.keyValue(this, frame);
      case "log":
        return this.#receiver.log(this, frame);
      case "fetch":
        return this.#receiver.fetch(this, frame);
      case "loaded":
      case "unloaded":
        return this.#hooks.get(frame.generation)?.(outcomeOf(frame.error));
      case "fault":
        return this.#receiver.fault(this, frame);
      case "hello":
        return this.#hello.resolve(undefined);
    }
  }

  #ran(frame: Ran): void {
    const sending = this.inFlight.get(frame.id);
    if (sending === undefined) {
      this.#forgotten.delete(frame.id);
      return;
    }
    this.inFlight.delete(frame.id);
    this.#answering = true;
    this.#receiver.ran(this, sending, frame);
  }

  #pong(sequence: number): void {
    if (sequence !== this.#sequence || this.#pingedAt === undefined) return;
    const now = this.#clock.now();
    if (now - this.#pingedAt >= LATE_AFTER) this.#timelySince = now;
    this.#pingedAt = undefined;
    this.#late = false;
    this.#ponged.resolve();
    this.#ponged = Promise.withResolvers();
  }

  /** Sends a request that the host answers when a hook of a plugin is through. */
  #hook(generation: number, timeout: number, request: Load | Unload): Promise<HookOutcome> {
    if (this.#exit !== undefined) return Promise.resolve({ kind: "ended", exit: this.#exit });
    const { promise, resolve } = Promise.withResolvers<HookOutcome>();
    const lost = this.#clock.after(timeout + HOOK_GRACE, () => this.kill("hung"));
    const done = (outcome: HookOutcome): void => {
      lost[Symbol.dispose]();
      if (this.#hooks.get(generation) === done) this.#hooks.delete(generation);
      resolve(outcome);
    };
    this.#hooks.set(generation, done);
    this.#channel.send(request);
    return promise;
  }
}

function outcomeOf(failure: Failure | undefined): HookOutcome {
  return failure === undefined ? { kind: "done" } : { kind: "failed", failure };
}
