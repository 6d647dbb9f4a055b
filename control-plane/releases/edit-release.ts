import { actorName } from "../model/actor.ts";
import { isGray, type Release, type ReleaseTarget } from "../model/release.ts";
import { OperationError } from "../model/operation-error.ts";
import { whenApproved } from "./approval-actions.ts";
import type { ReleaseAction } from "./change-release.ts";
import { checkTime } from "./check-time.ts";
import { checkTarget } from "./check-target.ts";
import { takeStep, titleOf } from "./take-step.ts";
import { baseVersion } from "./write-release.ts";

/** What is undefined stays; `scheduledAt: "none"` takes the time away. */
export interface ReleaseEdit {
  readonly target?: ReleaseTarget | undefined;
  readonly scheduledAt?: number | "none" | undefined;
  readonly note?: string | undefined;
}

/** Target, time or note, before anything is in force; revokes approvals. */
export function edit(changes: ReleaseEdit): ReleaseAction {
  return async (release, change, actor, wall) => {
    if (changes.scheduledAt !== "none") checkTime(changes.scheduledAt, wall);
    const edited = takeStep(release, "edit", {
      ...editedFields(release, changes),
      approvals: [],
      editors: [...new Set([...release.editors, actorName(actor)])],
    });
    const base = await baseVersion(change, release);
    await checkTarget(edited.target, { ...edited, base }, change);
    return whenApproved(edited, change);
  };
}

function editedFields(
  release: Release,
  { target, scheduledAt, note }: ReleaseEdit,
): Pick<Release, "target" | "scheduledAt" | "automatic" | "note"> {
  const time =
    scheduledAt === undefined ? release.scheduledAt : scheduledAt === "none" ? undefined : scheduledAt;
  return {
    target: target ?? release.target,
    scheduledAt: time,
    automatic: time !== undefined || release.rollbackOf !== undefined,
    note: note ?? release.note,
  };
}

/** Another gray target while in force. */
export function widen(target: ReleaseTarget): ReleaseAction {
  return async (release, change) => {
    const widened = takeStep(release, "widen", { target });
    if (!isGray(widened))
      throw new OperationError("invalid_input", `${titleOf(release)} is gray: promote makes it full`);
    const base = await baseVersion(change, release);
    await checkTarget(target, { ...release, base }, change);
    return widened;
  };
}

/** Gray becomes full. */
export function promote(): ReleaseAction {
  return (release) => takeStep(release, "promote", { target: { kind: "full" } });
}
