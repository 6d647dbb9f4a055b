import { ApiError } from "../../control-plane/api/contract/api-error.ts";

/** A change that the control plane has answered for: `kind key` of a record, and its revision. */
export interface Acknowledged {
  readonly record: string;
  /** Undefined: it was deleted. */
  readonly revision: number | undefined;
  /** Of a release. */
  readonly state?: string;
}

/** Somebody who changes one thing after another; of the last one, when the control plane dies, nothing is known. */
export interface Lane {
  /** Names of the tokens that it uses. */
  readonly actors: readonly string[];
  /** Asks for one change at most. May wait for something to happen, until the signal. */
  step(signal: AbortSignal): Promise<Acknowledged | undefined>;
}

/** What may be refused at a moment that nobody chose. */
const REFUSALS = ["wrong_state", "conflict", "in_use", "revision_mismatch"];

/** Goes on until the control plane is gone. Throws what it should never answer. */
export async function follow(
  lane: Lane,
  signal: AbortSignal,
  note: (acknowledged: Acknowledged) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const acknowledged = await lane.step(signal);
      if (acknowledged !== undefined) note(acknowledged);
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      if (thrown.code === "unreachable") return;
      if (!REFUSALS.includes(thrown.code)) throw thrown;
    }
  }
}
