import type { PluginRecord } from "./chain.ts";
import type { AskTarget } from "./runner.ts";
import type { Position } from "./verdict.ts";

/** `admitting`: asked; `tripped`: not asked until a probe is due; `probing`: not asked, a probe is under way. */
export const BREAKER_STATES = ["admitting", "tripped", "probing"] as const;
export type BreakerState = (typeof BREAKER_STATES)[number];

/** What the chain tells metrics and logs. Called on the path of requests: must be quick and must not throw. */
export interface ChainObserver {
  /** A plugin answered, failed, or was stood in for without being asked. */
  asked(record: PluginRecord): void;
  /** A segment with this many plugins was asked for traffic: one round trip. */
  roundTrip(position: Position, plugins: number): void;
  /** An exchange began with a generation that has expired; the current one was taken, or the plugin skipped. */
  handedOver(plugin: string, position: Position): void;
  /** A plugin in mode `degrade` was not asked because too much runs in the background. */
  dropped(plugin: string, position: Position): void;
  /** The breaker of a generation changed its state. */
  breakerChanged(target: AskTarget, state: BreakerState): void;
}
