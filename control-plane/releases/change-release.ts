import type { Actor } from "../model/actor.ts";
import { OperationError } from "../model/operation-error.ts";
import type { ReleaseStepName } from "../model/release-machine.ts";
import type { Release } from "../model/release.ts";
import type { Change } from "../store/store.ts";
import type { ChangedRelease, ReleaseContext, ReleaseRequest } from "./release-context.ts";
import { storedRelease } from "./stored-releases.ts";
import { possibleActions, titleOf } from "./take-step.ts";
import { updateRelease } from "./write-release.ts";

/** What one action makes of a release; throws where it cannot. */
export type ReleaseAction = (
  release: Release,
  change: Change,
  actor: Actor,
  wall: number,
) => Release | Promise<Release>;

/** One change of one release, with what follows from it: a transaction, an audit row, a tick. */
export async function changeRelease(
  { store, clock, reports }: ReleaseContext,
  actor: Actor,
  name: ReleaseStepName,
  request: ReleaseRequest,
  action: ReleaseAction,
): Promise<ChangedRelease> {
  const wall = clock.wall();
  const { tick, result } = await store.change(actor, `release.${name}`, async (change) => {
    const before = await storedRelease(change, request.release);
    checkRevision(before, request.expected);
    return updateRelease(change, before, await action(before, change, actor, wall), {
      wall,
      reports,
    });
  });
  return { tick, release: result };
}

/** Said before anything about states: who has not seen the release as it is cannot judge that. */
function checkRevision(release: Release, expected: number | undefined): void {
  if (expected === undefined || expected === release.revision) return;
  throw new OperationError(
    "revision_mismatch",
    `${titleOf(release)} is ${release.state} at revision ${release.revision}, not ${expected}; ${possibleActions(release)}`,
  );
}
