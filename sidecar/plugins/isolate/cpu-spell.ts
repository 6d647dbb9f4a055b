import type { Clock } from "../../../core/clock.ts";
import type { Breadcrumb } from "../../plugin-host/protocol/breadcrumb.ts";
import { mainThreadCpu } from "./process-usage.ts";

/** Of the wall time of a spell this share is on the CPU where a host gets what it wants of the machine. */
const FAIR_SHARE = 0.5;
/** A spell so long, ms, with so little CPU, ms, is that of a process that does not run at all. */
const STOPPED_AFTER = 200;
const STOPPED_CPU = 10;

/** What a spell is seen by; a `HostProcess` is one. */
export interface SpellSource {
  readonly pid: number;
  readonly breadcrumb: Breadcrumb;
}

/**
 * How long the same plugin has had the CPU of a host without a word from the host, which says something between two
 * entries. Looked at while the host owes an answer, so it costs nothing while all is well.
 */
export class CpuSpell {
  readonly #source: SpellSource;
  readonly #clock: Clock;
  #holder = 0;
  #sequence = -1;
  #heard = -1;
  #began: { readonly now: number; readonly cpu: number | undefined } = { now: 0, cpu: undefined };
  /** ms since it began, and of those on the CPU, at the last look. */
  #length = 0;
  #cpu = 0;

  constructor(source: SpellSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** The load whose spell it is; 0: nobody's, or the process does not run. */
  get holder(): number {
    return this.#length > STOPPED_AFTER && this.#cpu < STOPPED_CPU ? 0 : this.#holder;
  }

  /**
   * Whether somebody has kept the CPU for so many ms. Wall time counts as long as the host got its fair share of the
   * CPU; on a machine that is busy with other things only the CPU time itself does.
   */
  lasted(milliseconds: number): boolean {
    if (this.#holder === 0 || this.#length < milliseconds) return false;
    return this.#cpu >= Math.min(milliseconds, this.#length * FAIR_SHARE);
  }

  /** `heard`: counts what the host said. */
  look(heard: number): void {
    const { generation, sequence } = this.#source.breadcrumb;
    const now = this.#clock.now();
    const cpu = mainThreadCpu(this.#source.pid);
    if (sequence !== this.#sequence || heard !== this.#heard) {
      this.#sequence = sequence;
      this.#heard = heard;
      this.#holder = generation;
      this.#began = { now, cpu };
    }
    this.#length = now - this.#began.now;
    const { cpu: cpuThen } = this.#began;
    this.#cpu = cpu === undefined || cpuThen === undefined ? this.#length : cpu - cpuThen;
  }
}
