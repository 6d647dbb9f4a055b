import type { PluginLog } from "../../../core/plugin-api.ts";
import { field } from "./fields.ts";
import { MAX_LOG_LINE, MAX_LOG_LINES } from "./limits.ts";
import { cut, describe, emit } from "./output.ts";

const now = Date.now;

let second = 0;
let lines = 0;
let dropped = 0;

/** Writes lines as far as the quota goes; the rest is counted, and formatted no more. */
function write(level: string, values: readonly unknown[]): void {
  const current = Math.floor(now() / 1000);
  if (current !== second) {
    second = current;
    lines = 0;
  }
  if (++lines > MAX_LOG_LINES) {
    dropped++;
    return;
  }
  emit("L", field(level) + field(cut(values.map(shown).join(" "), MAX_LOG_LINE)));
}

/** Told once with the output of the entry in which lines were dropped. */
export function emitDropped(): void {
  if (dropped === 0) return;
  emit("D", field(`${dropped}`));
  dropped = 0;
}

function shown(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Error) return describe(value);
  try {
    return JSON.stringify(value) ?? "undefined";
  } catch {
    return "[an object that JSON cannot hold]";
  }
}

export const log: PluginLog = {
  debug: (...values) => write("debug", values),
  info: (...values) => write("info", values),
  warn: (...values) => write("warn", values),
  error: (...values) => write("error", values),
};
