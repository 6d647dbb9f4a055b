import { expect, test } from "vitest";

import { ACTIONS } from "./access.ts";
import { actionsOf, OPEN, RELEASE_STEPS, stepOf, type ReleaseStep } from "./release-machine.ts";
import { RELEASE_STATES, type ReleaseState } from "./release.ts";

const STEPS: readonly ReleaseStep[] = RELEASE_STEPS;
const FULL = { kind: "full" } as const;
const HALF = { kind: "percentage", percentage: 50 } as const;
const TARGETS = [FULL, HALF];

test("every state can be reached, and none that has ended is left", () => {
  const reached = new Set(STEPS.map(({ to }) => to));
  const ended = RELEASE_STATES.filter((state) => !STEPS.some(({ from }) => from.includes(state)));

  expect(RELEASE_STATES.filter((state) => !reached.has(state))).toEqual([]);
  expect(ended).toEqual(["REJECTED", "CANCELLED", "FAILED", "SUPERSEDED", "ROLLED_BACK"]);
});

test("a step leads to one state: no release can take two rows of one name", () => {
  for (const state of RELEASE_STATES)
    for (const target of TARGETS) {
      const names = STEPS.filter((step) => stepOf({ state, target }, step.name as never) === step).map(
        ({ name }) => name,
      );
      expect(new Set(names).size).toBe(names.length);
    }
});

test("every right of the table is in the table of rights", () => {
  const rights = new Set(STEPS.map(({ right }) => right));
  rights.delete("none");
  expect([...rights].filter((right) => !(right in ACTIONS))).toEqual([]);
});

test("whatever is open can be ended by people, and rolled back", () => {
  for (const state of OPEN)
    for (const target of TARGETS) {
      const actions = actionsOf({ state, target });
      expect(actions).toContain("rollback");
      expect(actions.some((name) => ["cancel", "fail", "delete"].includes(name))).toBe(true);
    }
});

// Pallas took `upgrade`, `done` and `stop` from NEED_APPROVAL.
test("nothing but words about it is possible before approval", () => {
  expect(actionsOf({ state: "PENDING_APPROVAL", target: FULL })).toEqual([
    "approve",
    "bypass",
    "reject",
    "edit",
    "cancel",
    "rollback",
  ]);
});

// Pallas' 60 never became 6, and `remove` needed a state that nothing could be removed in.
test.for<[ReleaseState, readonly string[]]>([
  ["GRAY", ["widen", "promote", "fail", "retry", "delete", "rollback"]],
  ["ACTIVATING", ["activate", "widen", "fail", "retry", "delete", "rollback"]],
])("a gray release that is %s can go on and can end", ([state, actions]) => {
  expect(actionsOf({ state, target: HALF })).toEqual(actions);
});

test("a full release is neither widened nor deleted on its way", () => {
  expect(actionsOf({ state: "ACTIVATING", target: FULL })).toEqual(["activate", "fail", "retry", "rollback"]);
});
