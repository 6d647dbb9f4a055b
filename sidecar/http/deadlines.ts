import type { Clock, Timer } from "../../core/clock.ts";

/** Slots of the wheel; what is due further away than a turn is put into a slot again when its own comes by. */
const SLOTS = 1024;

/** In no slot. */
const NOWHERE = -1;

/** Not armed. */
const NEVER = Number.POSITIVE_INFINITY;

/**
 * One coarse timer wheel for the deadlines of all connections. Arming, moving and disarming is a store or two: no
 * allocation, no timer of Node for each request. A deadline never fires early, and at most two resolutions late; time
 * in which the event loop stood still does not count, so that nobody is cut for bytes that we did not get to read.
 * The wheel's own timer runs only while something is armed and does not keep the process alive.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #resolution: number;
  readonly #slots: (Deadline | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  #timer: Timer | undefined;
  #tick = 0;
  #linked = 0;

  /** `resolution` in ms, default 100. */
  constructor(clock: Clock, resolution = 100) {
    this.#clock = clock;
    this.#resolution = resolution;
  }

  /** A deadline that calls `expired` each time it runs out; made once for a connection and armed again and again. */
  deadline(expired: () => void): Deadline {
    return new Deadline(this, expired);
  }

  /** The clock's monotonic time, ms. */
  now(): number {
    return this.#clock.now();
  }

  /** Whether the wheel's timer runs; it stops a turn after the last deadline was disarmed. */
  get running(): boolean {
    return this.#timer !== undefined;
  }

  /** The first tick that is certainly `delay` ms away; for `Deadline` only. */
  tickAfter(delay: number): number {
    this.#timer ??= this.#clock.every(this.#resolution, () => this.#advance()).unref();
    return this.#tick + this.#ticksOf(delay);
  }

  /** ms between the firings of a deadline that is armed for `delay` again whenever it fires. */
  periodOf(delay: number): number {
    return this.#ticksOf(delay) * this.#resolution;
  }

  /** Puts a deadline where it is looked at in time; for `Deadline` only. */
  link(deadline: Deadline): void {
    deadline.visit = Math.min(deadline.due, this.#tick + SLOTS - 1);
    deadline.slot = deadline.visit % SLOTS;
    const first = this.#slots[deadline.slot];
    deadline.next = first;
    if (first !== undefined) first.previous = deadline;
    this.#slots[deadline.slot] = deadline;
    this.#linked++;
  }

  /** For `Deadline` only. */
  unlink(deadline: Deadline): void {
    if (deadline.previous === undefined) this.#slots[deadline.slot] = deadline.next;
    else deadline.previous.next = deadline.next;
    if (deadline.next !== undefined) deadline.next.previous = deadline.previous;
    deadline.previous = undefined;
    deadline.next = undefined;
    deadline.slot = NOWHERE;
    this.#linked--;
  }

  #ticksOf(delay: number): number {
    return Math.ceil(delay / this.#resolution) + 1;
  }

  #advance(): void {
    this.#tick++;
    const expired = this.#sweep();
    if (expired !== undefined) for (const deadline of expired) deadline.fire(this.#tick);
    if (this.#linked > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** Empties the slot whose time has come before anything fires: what fires may arm and disarm as it likes. */
  #sweep(): Deadline[] | undefined {
    let expired: Deadline[] | undefined;
    let deadline = this.#slots[this.#tick % SLOTS];
    while (deadline !== undefined) {
      const next: Deadline | undefined = deadline.next;
      this.unlink(deadline);
      if (deadline.due <= this.#tick) (expired ??= []).push(deadline);
      else if (deadline.due !== NEVER) this.link(deadline);
      deadline = next;
    }
    return expired;
  }
}

/** One thing that must happen in time; owned by a connection for its whole life. */
export class Deadline {
  readonly #wheel: Deadlines;
  readonly #expired: () => void;

  /** The rest belongs to the wheel: the tick at which this fires, the one at which it is looked at, and where it is. */
  due = NEVER;
  visit = 0;
  slot = NOWHERE;
  previous: Deadline | undefined;
  next: Deadline | undefined;

  constructor(wheel: Deadlines, expired: () => void) {
    this.#wheel = wheel;
    this.#expired = expired;
  }

  /** Fires once, `delay` ms from now, in place of whatever was armed before; 0 is no deadline. */
  arm(delay: number): void {
    if (delay === 0) {
      this.due = NEVER;
      return;
    }
    this.due = this.#wheel.tickAfter(delay);
    if (this.slot === NOWHERE) {
      this.#wheel.link(this);
    } else if (this.due < this.visit) {
      this.#wheel.unlink(this);
      this.#wheel.link(this);
    }
  }

  /** Stays in its slot until the wheel comes by: most deadlines are armed again before. */
  disarm(): void {
    this.due = NEVER;
  }

  get armed(): boolean {
    return this.due !== NEVER;
  }

  /** For the wheel only. */
  fire(tick: number): void {
    if (this.due > tick) return;
    this.due = NEVER;
    this.#expired();
  }
}
