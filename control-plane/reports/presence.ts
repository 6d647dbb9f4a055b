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

/**
 * Longest that a node which is there takes to find a control plane that is back, ms: its longest delay between two tries, and
 * one try.
 */
const RETURN = 60_000;
/** What is stored of when a node was heard may be so much older, ms. */
const STORED_LATE = 30_000;

/** `silence`: since the node was heard last, ms. A stream that ended makes a node SUSPECT at once: most come back. */
export function presenceOf(silence: number, connected: boolean, limits: PresenceLimits): Presence {
  if (silence > offlineAfter(limits)) return "OFFLINE";
  if (!connected || silence > SUSPECT_AFTER * limits.heartbeat + limits.grace) return "SUSPECT";
  return "ONLINE";
}

/**
 * How long after its start a control plane awaits a node of which it knows from its store alone, ms, however long it was
 * away itself: nobody could be heard meanwhile. `lastSeen`: of the node, as stored; `endedAt`: the last moment at which any
 * node was heard. 0: the node was OFFLINE by then.
 */
export function awaitedFor(lastSeen: number | undefined, endedAt: number, limits: PresenceLimits): number {
  const limit = offlineAfter(limits);
  const wasThere = lastSeen === undefined || endedAt - lastSeen <= limit + STORED_LATE;
  return wasThere ? Math.max(limit, RETURN) : 0;
}

function offlineAfter({ heartbeat, grace }: PresenceLimits): number {
  return OFFLINE_AFTER * heartbeat + grace;
}
