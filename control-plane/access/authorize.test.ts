import { expect, test } from "vitest";

import { ACTIONS, ROLES, type Action, type Scope } from "../model/access.ts";
import type { Actor } from "../model/actor.ts";
import { authorize, permits } from "./authorize.ts";
import type { Place } from "./place.ts";

const PAYMENTS: Place = { kind: "cluster", cluster: "payments", domain: "shop" };

function holder(role: (typeof ROLES)[number], scope: Scope): Actor {
  return { kind: "token", name: "ann", tokenId: "t", grants: [{ role, scope }], node: undefined };
}

test("a role may do exactly what the table says", () => {
  for (const [action, roles] of Object.entries(ACTIONS)) {
    for (const role of ROLES) {
      const allowed = permits(holder(role, { kind: "all" }), action as Action, { kind: "everywhere" });
      expect(allowed, `${role} ${action}`).toBe((roles as readonly string[]).includes(role));
    }
  }
});

test("who asks, who approves and who operates are different roles, and only admins go round them", () => {
  const only = (role: (typeof ROLES)[number], actions: readonly Action[]): readonly Action[] =>
    actions.filter((action) => permits(holder(role, { kind: "all" }), action, { kind: "everywhere" }));
  const steps = [
    "version.upload",
    "release.create",
    "release.approve",
    "release.operate",
    "chain.write",
  ] as const;

  expect(only("developer", steps)).toEqual(["version.upload", "release.create"]);
  expect(only("approver", steps)).toEqual(["release.approve"]);
  expect(only("operator", steps)).toEqual(["release.create", "release.operate", "chain.write"]);
  const all = Object.keys(ACTIONS) as Action[];
  expect(only("viewer", all)).toEqual(["read"]);
  expect(only("node", all)).toEqual(["artifact.download", "node.connect"]);
  expect(ACTIONS["release.bypass"]).toEqual(["admin"]);
  expect(ACTIONS["token.write"]).toEqual(["admin"]);
});

test.for([
  [{ kind: "all" }, PAYMENTS, true],
  [{ kind: "all" }, { kind: "everywhere" }, true],
  [{ kind: "domain", domain: "shop" }, PAYMENTS, true],
  [{ kind: "domain", domain: "shop" }, { kind: "domain", domain: "shop" }, true],
  [{ kind: "domain", domain: "shop" }, { kind: "somewhere" }, true],
  [{ kind: "domain", domain: "shop" }, { kind: "everywhere" }, false],
  [{ kind: "domain", domain: "bank" }, PAYMENTS, false],
  [{ kind: "domain", domain: "payments" }, PAYMENTS, false],
  [{ kind: "cluster", cluster: "payments" }, PAYMENTS, true],
  [{ kind: "cluster", cluster: "payments" }, { kind: "domain", domain: "shop" }, false],
  [{ kind: "cluster", cluster: "payments" }, { kind: "domain", domain: "payments" }, false],
  [{ kind: "cluster", cluster: "other" }, PAYMENTS, false],
  [{ kind: "domain", domain: "shop" }, { kind: "cluster", cluster: "gone", domain: undefined }, false],
] as const satisfies readonly (readonly [Scope, Place, boolean])[])(
  "a grant for %j covers %j: %s",
  ([scope, place, covered]) => {
    expect(permits(holder("viewer", scope), "read", place)).toBe(covered);
  },
);

test("a refusal says which grant is missing, and which there are", () => {
  const refused = (): void => authorize(holder("viewer", { kind: "all" }), "release.approve", PAYMENTS);

  expect(refused).toThrow(
    "ann may not release.approve in cluster payments: it takes one of approver, admin, such as approver@payments, and ann has viewer",
  );
});
