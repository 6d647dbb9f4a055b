import type { Clock } from "../../core/clock.ts";
import type { HeaderEdits } from "../../core/headers/header-edits.ts";
import type { Background } from "./background.ts";
import type { LiveEntry, LoadedEntry } from "./live-entry.ts";
import type { ChainObserver } from "./observer.ts";
import type { AskTarget, MeshMessage } from "./runner.ts";
import type { Position } from "./verdict.ts";

/** What outlives each composed chain, and what an exchange under way needs beside the chain it began with. */
export interface ChainRuntime {
  readonly clock: Clock;
  readonly observer: ChainObserver;
  readonly background: Background;
  /** The entry of this plugin in the chain that is in force now; where it has two versions, that of this one. */
  currentEntry(target: AskTarget): LiveEntry | undefined;
}

/**
 * The entry to ask in place of one whose generation has expired: that of the chain in force, where it names this
 * position in the same mode. Undefined: the plugin is skipped.
 */
export function entryInForce(
  began: LoadedEntry,
  position: Position,
  runtime: ChainRuntime,
): LiveEntry | undefined {
  if (!began.generation.expired) return began;
  const current = runtime.currentEntry(began.target);
  if (current?.kind === "loaded" && current.generation === began.generation) return began;
  runtime.observer.handedOver(began.target.plugin, position);
  if (current === undefined || current.entry.mode !== began.entry.mode) return undefined;
  return current.positions.includes(position) ? current : undefined;
}

/** Asks a tripped plugin with a message of real traffic whether it works again, if it is time; nobody waits. */
export function probeIfDue(
  { ask, breaker, generation }: LoadedEntry,
  message: MeshMessage,
  edits: HeaderEdits,
  { clock }: ChainRuntime,
): void {
  const deadline = clock.now() + ask.timeout;
  if (!breaker.takeProbe(deadline)) return;
  const call = { message, edits, asks: [ask], deadline, background: true };
  generation.probe(call, ({ verdict }) => breaker.probed(verdict));
}
