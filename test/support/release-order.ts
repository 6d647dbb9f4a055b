import {
  IN_FULL_FORCE,
  OPEN,
  RELEASE_STEPS,
  type ReleaseStep,
} from "../../control-plane/model/release-machine.ts";
import type { RecordChange } from "../../control-plane/model/audit.ts";
import type { Release, ReleaseState } from "../../control-plane/model/release.ts";
import { isOneOf } from "../../control-plane/releases/in-force.ts";

const STEPS: readonly ReleaseStep[] = RELEASE_STEPS;

/** Steps that follow within the transaction of another one. */
const FOLLOWING = STEPS.filter(({ name }) => ["approved", "schedule", "begin", "continue"].includes(name));

/** What is wrong with the releases of one plugin in one cluster, each possible by itself; empty: nothing. */
export function disorder(releases: readonly Release[]): readonly string[] {
  const open = releases.filter(({ state }) => isOneOf(OPEN, state));
  const waiting = open.filter(
    ({ state, rollbackOf }) => state === "PENDING_APPROVAL" && rollbackOf !== undefined,
  );
  const bases = releases.filter(({ state }) => isOneOf(IN_FULL_FORCE, state));
  return [
    ...(open.length - waiting.length > 1 || open.length > 2 ? [`open at once: ${shown(open)}`] : []),
    ...(bases.length > 1 ? [`in full force at once: ${shown(bases)}`] : []),
  ];
}

/** Why a change of a release is none that the table allows; undefined: it is one, or of something else. */
export function forbiddenStep({ kind, before, after }: RecordChange): string | undefined {
  if (kind !== "releases") return undefined;
  const from = (before as Release | undefined)?.state;
  const to = (after as Release | undefined)?.state;
  if (to !== undefined && ledTo(from).has(to)) return undefined;
  return `a release went from ${from ?? "nothing"} to ${to ?? "nothing"}`;
}

/** Where one change may lead a release: a step of the table, and what follows from it by itself. */
function ledTo(state: ReleaseState | undefined): ReadonlySet<ReleaseState> {
  const first = STEPS.filter(({ from }) => (state === undefined ? from.length === 0 : from.includes(state)));
  const reached = new Set(first.map(({ to }) => (to === "same" ? (state ?? "PENDING_APPROVAL") : to)));
  for (const from of reached)
    for (const step of FOLLOWING) if (step.from.includes(from) && step.to !== "same") reached.add(step.to);
  return reached;
}

function shown(releases: readonly Release[]): string {
  return releases.map(({ id, state }) => `${id} ${state}`).join(", ");
}
