/** 0 = request phase, 1 = response phase: the seeds' numbers, kept on every wire. */
export const POSITIONS = [0, 1] as const;
export type Position = (typeof POSITIONS)[number];

/** What people call them, by number. */
export const POSITION_NAMES = ["request", "response"] as const;
export type PositionName = (typeof POSITION_NAMES)[number];
