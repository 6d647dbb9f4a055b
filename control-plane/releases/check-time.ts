import { InputError } from "../../core/errors.ts";

/** Clocks differ a little, and a request takes a moment (ms). */
const TOLERANCE = 60_000;

/**
 * Throws an `InputError` where somebody asks for a time that was over before they asked: they meant another one. One
 * that passes while approvals are waited for still counts. `wall`: wall clock, ms.
 */
export function checkTime(scheduledAt: number | undefined, wall: number): void {
  if (scheduledAt === undefined || scheduledAt >= wall - TOLERANCE) return;
  const [asked, now] = [scheduledAt, wall].map((at) => new Date(at).toISOString());
  throw new InputError([
    {
      where: "release",
      key: "scheduledAt",
      message: `${asked} is past, it is ${now}: name a time to come, or none, and it begins when somebody says so`,
    },
  ]);
}
