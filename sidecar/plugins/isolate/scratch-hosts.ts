import type { Clock, Timer } from "../../../core/clock.ts";
import { messageOf } from "../../../core/errors.ts";
import type { FailureCause } from "../../chain/verdict.ts";
import type { Load } from "../../plugin-host/protocol/messages.ts";
import type { GenerationSpec } from "../generation-registry.ts";
import { blamed, describeExit, type HostExit } from "./host-exit.ts";
import type { HostCommand } from "./host-process.ts";
import { IsolateInstance } from "./isolate-instance.ts";
import { PluginHost, type HostReceiver } from "./plugin-host.ts";

/** `unsure`: whatever failed, it was not the plugin; another time it may be found out. */
export type ScratchOutcome =
  | { readonly kind: "loadable" }
  | { readonly kind: "invalid"; readonly detail: string }
  | { readonly kind: "unsure"; readonly detail: string };

/** ms between a check and the start of the next host: what was checked comes into force first. */
const AHEAD_AFTER = 300;
/** ms for which a host waits for a script. */
const KEPT = 600_000;
/** To the answer, from the spawn where none waits, ms; a machine under load is slow to start a process. */
const DEADLINE = 20_000;
/** The only load in its host. */
const LOAD = 1;
/** What says nothing about the script. */
const NOT_ITS_FAULT: ReadonlySet<FailureCause> = new Set(["host_busy", "host_gone", "queue_full"]);

/** Nothing that a script does while it is evaluated reaches anybody. */
const DEAF: HostReceiver = {
  ran: () => {},
  log: () => {},
  fetch: () => {},
  keyValue: () => {},
  fault: () => {},
};

/**
 * Compiles and evaluates plugins' scripts, each in a process of its own, which ends with it: what it does there harms
 * nobody. No hook of it runs.
 *
 * To start a process is most of the time between an edit and its effect, and who edits once edits again. So a host is
 * started ahead where a script is expected and a while after each check, and kept for as long as somebody may still be
 * at it.
 */
export class ScratchHosts implements AsyncDisposable {
  readonly #command: HostCommand;
  readonly #clock: Clock;
  #ahead: PluginHost | undefined;
  #next: Timer | undefined;
  #patience: Timer | undefined;
  #closed = false;

  constructor(command: HostCommand, clock: Clock) {
    this.#command = command;
    this.#clock = clock;
  }

  /** A script may come soon. */
  expect(): void {
    if (this.#closed) return;
    this.#patience?.[Symbol.dispose]();
    this.#patience = this.#clock.after(KEPT, () => void this.#endAhead()).unref();
    if (this.#ahead === undefined) void this.#keepOne();
  }

  /** Never rejects. */
  async check(spec: GenerationSpec): Promise<ScratchOutcome> {
    try {
      const frame = { ...new IsolateInstance(LOAD, spec, LOAD).loadFrame([]), compileOnly: true };
      const host = this.#take();
      try {
        return await this.#outcome(host, frame);
      } finally {
        await killed(host);
        this.#expectLater();
      }
    } catch (thrown) {
      return { kind: "unsure", detail: messageOf(thrown) };
    }
  }

  /** Ends the host that waits; checks under way end by themselves. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#next?.[Symbol.dispose]();
    await this.#endAhead();
  }

  async #outcome(host: PluginHost, frame: Load): Promise<ScratchOutcome> {
    using _deadline = this.#clock.after(DEADLINE, () => host.kill("hung"));
    const exit = await host.started;
    if (exit !== undefined) return ended(exit);
    const outcome = await host.load(frame);
    if (outcome.kind === "done") return { kind: "loadable" };
    if (outcome.kind === "ended") return ended(outcome.exit);
    const { cause, detail } = outcome.failure;
    return { kind: NOT_ITS_FAULT.has(cause) ? "unsure" : "invalid", detail };
  }

  #take(): PluginHost {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead ?? this.#spawn();
  }

  #spawn(): PluginHost {
    return new PluginHost(this.#command, DEAF, this.#clock);
  }

  /** The last check counts. */
  #expectLater(): void {
    this.#next?.[Symbol.dispose]();
    if (!this.#closed) this.#next = this.#clock.after(AHEAD_AFTER, () => this.expect()).unref();
  }

  /** Never rejects. */
  async #keepOne(): Promise<void> {
    try {
      const host = this.#spawn();
      this.#ahead = host;
      await host.ended;
      if (this.#ahead === host) this.#ahead = undefined;
    } catch {
      // The system makes no process now; the next check tries again, and says so.
    }
  }

  async #endAhead(): Promise<void> {
    this.#patience?.[Symbol.dispose]();
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead !== undefined) await killed(ahead);
  }
}

async function killed(host: PluginHost): Promise<void> {
  host.kill("disposed");
  await host.ended;
}

function ended(exit: HostExit): ScratchOutcome {
  return { kind: blamed(exit) === LOAD ? "invalid" : "unsure", detail: describeExit(exit) };
}
