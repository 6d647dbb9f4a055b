import { actionsOf, stepOf, type ReleaseStepName } from "../model/release-machine.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Release } from "../model/release.ts";

/**
 * The release after a step of the machine; `changes` is what the step changes beside the state. Throws `wrong_state`,
 * which says what is possible, where the table does not have the step.
 */
export function takeStep(
  release: Release,
  name: ReleaseStepName,
  changes: Partial<Omit<Release, "id" | "state">> = {},
): Release {
  const step = stepOf(release, name);
  if (step === undefined) throw new OperationError("wrong_state", refusalOf(release, name));
  return { ...release, ...changes, state: step.to === "same" ? release.state : step.to };
}

/** `release 7 (header-tag 1.1.0 in demo)` */
export function titleOf({ id, plugin, version, cluster }: Release): string {
  return `release ${id} (${plugin} ${version} in ${cluster})`;
}

/** `possible: approve, cancel`, for ends of sentences. */
export function possibleActions(release: Release): string {
  const actions = actionsOf(release);
  return actions.length === 0 ? "nothing more is possible" : `possible: ${actions.join(", ")}`;
}

function refusalOf(release: Release, name: ReleaseStepName): string {
  return `${titleOf(release)} is ${release.state}: no ${name} now; ${missingApprovals(release)}${possibleActions(release)}`;
}

function missingApprovals({ state, approvals, requiredApprovals, author }: Release): string {
  if (state !== "PENDING_APPROVAL") return "";
  return `${approvals.length} of ${requiredApprovals} approvals are there, another person than ${author} with role approver must approve it; `;
}
