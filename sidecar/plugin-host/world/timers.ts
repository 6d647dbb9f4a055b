import { field } from "./fields.ts";
import { MAX_TIMER_DELAY, MAX_TIMERS } from "./limits.ts";
import { emit } from "./output.ts";
import { owner } from "./owner.ts";

interface RunningTimer {
  readonly run: (...values: unknown[]) => unknown;
  readonly values: readonly unknown[];
  /** Milliseconds between two runs; undefined: once. */
  readonly period: number | undefined;
}

const running = new Map<number, RunningTimer>();
let lastId = 0;

function start(
  run: (...values: unknown[]) => unknown,
  delay: number | undefined,
  values: readonly unknown[],
  repeat: boolean,
): number {
  if (typeof run !== "function") throw new TypeError("a timer needs a function");
  if (running.size >= MAX_TIMERS) throw new RangeError(`a plugin may have ${MAX_TIMERS} timers at a time`);
  const wait = Math.min(MAX_TIMER_DELAY, Math.max(1, Math.floor(Number(delay) || 0)));
  const id = ++lastId;
  running.set(id, { run, values, period: repeat ? wait : undefined });
  emitStart(id, wait);
  return id;
}

function emitStart(id: number, delay: number): void {
  emit("T", field(`${id}`) + field(`${owner.id}`) + field(`${delay}`));
}

function clear(id: unknown): void {
  if (typeof id === "number" && running.delete(id)) emit("C", field(`${id}`));
}

/** The host's clock says that it is time. */
export function fireTimer(id: number): void {
  const timer = running.get(id);
  if (timer === undefined) return;
  if (timer.period === undefined) running.delete(id);
  else emitStart(id, timer.period);
  timer.run(...timer.values);
}

export const timerGlobals = {
  setTimeout: (run: () => unknown, delay?: number, ...values: unknown[]) => start(run, delay, values, false),
  setInterval: (run: () => unknown, delay?: number, ...values: unknown[]) => start(run, delay, values, true),
  clearTimeout: clear,
  clearInterval: clear,
} as const;
