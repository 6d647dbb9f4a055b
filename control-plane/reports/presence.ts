import type { Presence } from "../model/node.ts";

/** All in milliseconds. */
export interface PresenceLimits {
  /** Interval in which a node is to be heard. */
  readonly heartbeat: number;
  /** How late a heartbeat may be. Default 5 s. */
  readonly grace: number;
}

/** Heartbeats after which a node that was not heard is SUSPECT, and OFFLINE. */
const SUSPECT_AFTER = 2;
const OFFLINE_AFTER = 6;

/** `silence`: since the node was heard last, ms. A stream that ended makes a node SUSPECT at once: most come back. */
export function presenceOf(silence: number, connected: boolean, limits: PresenceLimits): Presence {
  if (silence > OFFLINE_AFTER * limits.heartbeat + limits.grace) return "OFFLINE";
  if (!connected || silence > SUSPECT_AFTER * limits.heartbeat + limits.grace) return "SUSPECT";
  return "ONLINE";
}
