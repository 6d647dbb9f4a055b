import type { Clock } from "../../../core/clock.ts";
import type { KillReason } from "./host-exit.ts";
import { mainThreadCpu, residentBytes } from "./process-usage.ts";

/** Milliseconds between two looks at a host. */
export const HEARTBEAT = 50;

/** What the watchdog looks at; a `PluginHost` is one. */
export interface Watched {
  readonly pid: number;
  /** It has to answer a Ping. */
  readonly pinged: boolean;
  /** Counts what came from it. */
  readonly heard: number;
  /** Milliseconds of CPU that an entry of a hook under way in it may take; 0: none is. */
  readonly longestHook: number;
  ping(): void;
  kill(reason: KillReason): void;
}

export interface WatchdogLimits {
  /** Bytes that a host may have resident. Read at each look. */
  readonly memory: () => number;
  /** Milliseconds of CPU that one entry into an isolate may take at most. Read at each look. */
  readonly longestEntry: () => number;
}

/** Milliseconds on the CPU without a word, beyond the longest entry, that mean an isolate cannot be stopped. */
const HUNG_AFTER = 250;
/** The same on the wall clock: for a host that is stopped, or where the kernel does not tell the CPU time. */
const SILENT_AFTER = 5_000;

/**
 * Kills a host that hangs or grows too large. What counts against it is CPU time, not wall time, so that a machine
 * that is busy with other things does not make a plugin look guilty.
 */
export class Watchdog {
  readonly #host: Watched;
  readonly #limits: WatchdogLimits;
  readonly #clock: Clock;
  #heard = -1;
  #since = 0;
  #cpuThen: number | undefined;
  #resident = 0;

  constructor(host: Watched, limits: WatchdogLimits, clock: Clock) {
    this.#host = host;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Resident bytes at the last look. */
  get resident(): number {
    return this.#resident;
  }

  /** To be called every `HEARTBEAT`, after what had arrived was read. */
  look(): void {
    const host = this.#host;
    this.#resident = residentBytes(host.pid) ?? 0;
    if (this.#resident > this.#limits.memory()) return host.kill("memory");
    if (!host.pinged || host.heard !== this.#heard) this.#begin();
    else if (this.#hung()) return host.kill("hung");
    host.ping();
  }

  #begin(): void {
    this.#heard = this.#host.heard;
    this.#since = this.#clock.now();
    this.#cpuThen = mainThreadCpu(this.#host.pid);
  }

  #hung(): boolean {
    const silent = this.#clock.now() - this.#since;
    const allowed = Math.max(this.#limits.longestEntry(), this.#host.longestHook);
    if (silent <= allowed + HUNG_AFTER) return false;
    if (silent > allowed + SILENT_AFTER) return true;
    const cpu = mainThreadCpu(this.#host.pid);
    return cpu !== undefined && this.#cpuThen !== undefined && cpu - this.#cpuThen > allowed + HUNG_AFTER;
  }
}
