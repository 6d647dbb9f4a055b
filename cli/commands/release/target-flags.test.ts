import { expect, test } from "vitest";

import { requiredTarget, targetOf } from "./target-flags.ts";

test.for([
  [{ full: true }, { kind: "full" }],
  [{ gray: "50%" }, { kind: "percentage", percentage: 50 }],
  [{ gray: "0.25" }, { kind: "percentage", percentage: 0.25 }],
  [{ traffic: "10%" }, { kind: "traffic", percentage: 10 }],
  [{ nodes: "a, b" }, { kind: "nodes", nodes: ["a", "b"] }],
  [{ nodes: "node/a,b" }, { kind: "nodes", nodes: ["a", "b"] }],
  [{ selector: "zone=a,tier=edge" }, { kind: "selector", labels: { zone: "a", tier: "edge" } }],
] as const)("%j is %j", ([flags, target]) => {
  expect(targetOf(flags)).toEqual(target);
});

test.for([
  [{}, "where to?"],
  [{ full: true, gray: "50%" }, "--full and --gray exclude each other"],
  [{ gray: "0%" }, "--gray: expected more than 0%"],
  [{ gray: "101%" }, "--gray: expected more than 0%"],
  [{ traffic: "half" }, "--traffic: expected more than 0%"],
  [{ nodes: "a,,b" }, "--nodes: expected names"],
  [{ selector: "zone" }, "--selector: expected label=value"],
] as const)("%j is refused with what to say", ([flags, message]) => {
  expect(() => requiredTarget(flags)).toThrow(message);
});
