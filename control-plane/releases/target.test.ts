import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { ReleaseTarget } from "../model/release.ts";
import { isTargeted } from "./target.ts";

const NODES = Array.from({ length: 2_000 }, (_, index) => ({
  id: `node-${index}`,
  labels: { zone: index % 2 === 0 ? "a" : "b", tier: "web" },
}));

function targeted(id: number, target: ReleaseTarget): string[] {
  return NODES.filter((node) => isTargeted({ id, target }, node)).map((node) => node.id);
}

test("a gray release that is widened only adds nodes", () => {
  const percentage = fc.integer({ min: 1, max: 10_000 }).map((hundredths) => hundredths / 100);
  fc.assert(
    fc.property(fc.nat(1_000), percentage, percentage, (id, one, other) => {
      const [narrow, wide] = [Math.min(one, other), Math.max(one, other)];
      const before = targeted(id, { kind: "percentage", percentage: narrow });
      const after = new Set(targeted(id, { kind: "percentage", percentage: wide }));
      expect(before.filter((node) => !after.has(node))).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test("a percentage of nodes is about that many, and all at 100", () => {
  const half = targeted(7, { kind: "percentage", percentage: 50 }).length;
  expect(half).toBeGreaterThan(900);
  expect(half).toBeLessThan(1_100);
  expect(targeted(7, { kind: "percentage", percentage: 100 })).toHaveLength(2_000);
});

test("releases divide the nodes independently, so that not the same ones are always first", () => {
  const one = new Set(targeted(7, { kind: "percentage", percentage: 10 }));
  const other = targeted(8, { kind: "percentage", percentage: 10 });
  expect(other.filter((node) => one.has(node)).length).toBeLessThan(60);
});

test("all labels of a selector must be there", () => {
  expect(targeted(1, { kind: "selector", labels: { zone: "a", tier: "web" } })).toHaveLength(1_000);
  expect(targeted(1, { kind: "selector", labels: { zone: "a", tier: "job" } })).toEqual([]);
  expect(targeted(1, { kind: "selector", labels: { constructor: "a" } })).toEqual([]);
});

test("chosen nodes are these, full and traffic are all", () => {
  expect(targeted(1, { kind: "nodes", nodes: ["node-3", "other"] })).toEqual(["node-3"]);
  expect(targeted(1, { kind: "full" })).toHaveLength(2_000);
  expect(targeted(1, { kind: "traffic", percentage: 1 })).toHaveLength(2_000);
});
