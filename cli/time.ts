import { parseDuration } from "../core/duration.ts";
import { usageError } from "./usage-error.ts";

/** A time as people say it, `2026-05-01T12:00:00Z` or `+30m`, in ISO 8601; `now`: wall clock, ms. */
export function parseTime(text: string, now: number): string {
  const delay = text.startsWith("+") ? parseDuration(text.slice(1)) : undefined;
  const at = delay === undefined ? Date.parse(text) : now + delay;
  // A time without zone would mean another moment on every machine.
  const isExact = delay !== undefined || /(?:Z|[+-]\d\d:\d\d)$/.test(text);
  if (!Number.isNaN(at) && isExact) return new Date(at).toISOString();
  throw usageError(`expected a time such as 2026-05-01T12:00:00Z or +30m, not ${JSON.stringify(text)}`);
}
