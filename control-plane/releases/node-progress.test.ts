import { expect, test } from "vitest";

import { markedEntry, nodeNamed, releaseIn, reportOf, type Said } from "../../test/support/snapshot-world.ts";
import type { NodeReport, ResourceStanding } from "../model/node.ts";
import {
  isGray,
  type Release,
  type ReleaseNode,
  type ReleaseState,
  type ReleaseTarget,
} from "../model/release.ts";
import { nodeProgress } from "./node-progress.ts";

const ENTRY = { mode: "enforce" } as const;
const V2 = "guard@2.0.0";

function progress(
  release: Release,
  report: NodeReport,
  entry: { readonly mode: "enforce" | "degrade" | "off" } | undefined = ENTRY,
): ReleaseNode {
  return nodeProgress(release, entry, { node: nodeNamed("node-1"), report }, true);
}

function step(state: ReleaseState, said: Said): string {
  return progress(releaseIn(state, V2), reportOf(said)).step;
}

test("a node goes from waiting to active by what it reports", () => {
  expect(step("DOWNLOADING", {})).toBe("waiting");
  expect(step("DOWNLOADING", { packages: { [V2]: "FETCHING" } })).toBe("downloading");
  expect(step("DOWNLOADING", { packages: { [V2]: "LOADABLE" } })).toBe("downloaded");
  expect(step("ACTIVATING", { packages: { [V2]: "LOADABLE" } })).toBe("activating");
  const said = { packages: { [V2]: "LOADABLE" }, plugins: { [V2]: "RUNNING" } } as const;
  expect(step("ACTIVATING", said)).toBe("activating");
  expect(step("ACTIVATING", { ...said, inForce: V2 })).toBe("active");
  expect(step("ACTIVATING", { packages: { [V2]: "LOADABLE" }, inForce: V2 })).toBe("activating");
});

const BOTH_RUN = {
  packages: { "guard@1.0.0": "LOADABLE", [V2]: "LOADABLE" },
  plugins: { "guard@1.0.0": "RUNNING", [V2]: "RUNNING" },
} as const;
const TENTH = "guard@1.0.0+10%2.0.0#1";
const traffic = (percentage: number): ReleaseTarget => ({ kind: "traffic", percentage });

test.for([
  ["taken", traffic(10), TENTH, "active"],
  ["widened", traffic(50), TENTH, "activating"],
  ["narrowed", traffic(10), "guard@1.0.0+50%2.0.0#1", "activating"],
  ["widened to all nodes", { kind: "percentage", percentage: 100 }, TENTH, "activating"],
  ["promoted", { kind: "full" }, TENTH, "activating"],
  ["promoted from all of the traffic", { kind: "full" }, "guard@1.0.0+100%2.0.0#1", "activating"],
  ["promoted and taken", { kind: "full" }, V2, "active"],
  ["gray by an earlier release of the same version", traffic(10), "guard@1.0.0+10%2.0.0#7", "activating"],
  ["alone, since there is no base", { kind: "nodes", nodes: ["node-1"] }, V2, "active"],
  ["alone, though for a share", traffic(10), V2, "activating"],
  ["for another plugin alone", { kind: "full" }, "tagger@2.0.0", "activating"],
] as const)(
  "%s: a node is active by the share that its chain gives the version",
  ([, target, inForce, step]) => {
    for (const state of ["ACTIVATING", isGray({ target }) ? "GRAY" : "ACTIVE"] as const)
      expect(progress(releaseIn(state, V2, target), reportOf({ ...BOTH_RUN, inForce })).step).toBe(step);
  },
);

test("a rollback from gray to the base has not come to a node before the gray version is gone from its chain", () => {
  const rollback = releaseIn("ACTIVATING", "guard@1.0.0", { kind: "full" }, 2);
  const report = reportOf({ ...BOTH_RUN, inForce: TENTH });
  for (const state of ["ACTIVATING", "ACTIVE"] as const)
    expect(progress({ ...rollback, state }, report).step).toBe("activating");
  expect(progress(rollback, reportOf({ ...BOTH_RUN, inForce: "guard@1.0.0" })).step).toBe("active");
});

test("the base stays active beside a later gray release", () => {
  const base = releaseIn("DONE", "guard@1.0.0", { kind: "full" }, 1);
  const inForce = "guard@1.0.0+10%2.0.0#2";
  expect(progress(base, reportOf({ ...BOTH_RUN, inForce })).step).toBe("active");
});

/** The chain that it was sent last, and that it should have. */
function withChain(report: NodeReport, chain: Partial<ResourceStanding>): NodeReport {
  return { ...report, resources: { ...report.resources, chain: { ...report.resources.chain, ...chain } } };
}

test("a node that refuses the promoted chain has failed, with the reason, though the version runs", () => {
  const wanted = { hash: "promoted", tick: 2, at: 0, entries: [markedEntry(V2)] };
  const nacked = { hash: "promoted", at: 0, problems: ["init failed"] };
  const report = withChain(reportOf({ ...BOTH_RUN, inForce: TENTH }), {
    wanted,
    sent: wanted,
    nacked,
    refused: [nacked],
  });
  for (const state of ["ACTIVATING", "ACTIVE", "DONE"] as const)
    expect(progress(releaseIn(state, V2), report)).toMatchObject({
      step: "failed",
      error: "the node refused its chain: init failed",
    });
});

test("a chain that it refused for another plugin takes nothing from what a node has in force", () => {
  const nacked = { hash: "next", at: 0, problems: ["tagger: init failed"] };
  const report = withChain(reportOf({ ...BOTH_RUN, inForce: V2 }), { nacked, refused: [nacked] });
  expect(progress(releaseIn("DONE", V2), report).step).toBe("active");
});

test("a node that another share is still on its way to is not where the release wants it", () => {
  const sent = { hash: "half", tick: 2, at: 0, entries: [markedEntry("guard@1.0.0+50%2.0.0#1")] };
  const report = withChain(reportOf({ ...BOTH_RUN, inForce: TENTH }), { sent });
  expect(progress(releaseIn("ACTIVATING", V2, traffic(10)), report).step).toBe("activating");
  const refused = [{ hash: "half", at: 0, problems: [] }];
  expect(progress(releaseIn("ACTIVATING", V2, traffic(10)), withChain(report, { refused })).step).toBe(
    "active",
  );
});

test("what a node said before it connected does not count while it is waited for, and is its last word else", () => {
  const known = {
    node: nodeNamed("node-1"),
    report: { ...reportOf({ ...BOTH_RUN, inForce: V2 }), connected: false },
  };
  expect(nodeProgress(releaseIn("ACTIVATING", V2), ENTRY, known, true)).toMatchObject({
    step: "activating",
    error: "it is not connected: waited for until it is back, or OFFLINE",
  });
  expect(nodeProgress(releaseIn("ACTIVATING", V2), ENTRY, known, false).step).toBe("active");
  // Nobody waits any more: a stream that breaks takes nothing back.
  for (const state of ["ACTIVE", "DONE"] as const)
    expect(nodeProgress(releaseIn(state, V2), ENTRY, known, true).step).toBe("active");
  const share = { ...known, report: { ...known.report, ...reportOf({ ...BOTH_RUN, inForce: TENTH }) } };
  const gray = { ...share, report: { ...share.report, connected: false } };
  expect(nodeProgress(releaseIn("GRAY", V2, traffic(10)), ENTRY, gray, true).step).toBe("active");
  expect(nodeProgress(releaseIn("GRAY", V2, traffic(20)), ENTRY, gray, true).step).toBe("activating");
});

test("a node that a gray release is for no more, and that refuses the chain without it, has failed at it", () => {
  const elsewhere: ReleaseTarget = { kind: "nodes", nodes: ["node-2"] };
  const gray = releaseIn("ACTIVATING", V2, elsewhere);
  const inForce = "guard@1.0.0+100%2.0.0#1";
  const report = reportOf({ ...BOTH_RUN, inForce });
  expect(progress(gray, report)).toMatchObject({ targeted: false, step: "activating", error: undefined });
  const nacked = { hash: "without", at: 0, problems: ["init failed"] };
  expect(progress(gray, withChain(report, { nacked, refused: [nacked] }))).toMatchObject({
    targeted: false,
    step: "failed",
    error: "the node refused its chain: init failed",
  });
  expect(progress(gray, reportOf({ ...BOTH_RUN, inForce: "guard@1.0.0" })).step).toBe("waiting");
  expect(progress({ ...gray, base: "2.0.0" }, reportOf({ ...BOTH_RUN, inForce: V2 })).step).toBe("waiting");
});

test("what runs of another version is not what was released", () => {
  const report = reportOf({ packages: { [V2]: "LOADABLE" }, plugins: { "guard@1.0.0": "RUNNING" } });
  expect(progress(releaseIn("ACTIVATING", V2), report)).toMatchObject({
    step: "activating",
    running: "1.0.0",
  });
});

test("a download that is tried again is under way, with the reason; a package that is invalid has failed", () => {
  const waiting = reportOf({ packages: { [V2]: "WAITING" } });
  const [first] = waiting.packages;
  const report = { ...waiting, packages: [{ ...first!, detail: "the disk is full" }] };
  expect(progress(releaseIn("DOWNLOADING", V2), report)).toMatchObject({
    step: "downloading",
    error: "the disk is full",
  });
  expect(step("DOWNLOADING", { packages: { [V2]: "INVALID" } })).toBe("failed");
});

test("a plugin that fails on the node is a failure once it is activated, and not what was left of another life", () => {
  for (const status of ["FAILED", "QUARANTINED"] as const) {
    const said = { packages: { [V2]: "LOADABLE" }, plugins: { [V2]: status } } as const;
    expect(step("ACTIVATING", said)).toBe("failed");
    expect(step("DOWNLOADING", said)).toBe("downloaded");
  }
});

test("a chain that the node refused is a failure with all that was wrong", () => {
  const report = reportOf({ packages: { [V2]: "LOADABLE" } });
  const nacked = { hash: "x", at: 0, problems: ["chain[0].config.limit: expected a number", "and more"] };
  const resources = { ...report.resources, chain: { ...report.resources.chain, nacked } };
  expect(progress(releaseIn("ACTIVATING", V2), { ...report, resources })).toMatchObject({
    step: "failed",
    error: "the node refused its chain: chain[0].config.limit: expected a number; and more",
  });
  expect(progress(releaseIn("DOWNLOADING", V2), { ...report, resources }).step).toBe("downloaded");
});

test("what a node refuses of other plugins' entries alone is no failure of this release, which is on its way", () => {
  const report = reportOf({ packages: { [V2]: "LOADABLE" } });
  const refusal = (plugin: string) => {
    const problem = `${plugin}: init failed`;
    const entries = [{ plugin, version: "2.0.0", hash: "e", problem }];
    return withChain(report, { nacked: { hash: "x", at: 0, problems: [problem], entries } });
  };
  expect(progress(releaseIn("ACTIVATING", V2), refusal("tagger")).step).toBe("activating");
  expect(progress(releaseIn("ACTIVATING", V2), refusal("guard"))).toMatchObject({
    step: "failed",
    error: "the node refused its chain: guard: init failed",
  });
});

test("where the plugin is off or in no chain a node has done its part when it holds the package", () => {
  const report = reportOf({ packages: { [V2]: "LOADABLE" } });
  const release = releaseIn("ACTIVATING", V2);
  expect(progress(release, report, { mode: "off" }).step).toBe("active");
  expect(nodeProgress(release, undefined, { node: nodeNamed("node-1"), report }, true).step).toBe("active");
  expect(progress(release, report, { mode: "degrade" }).step).toBe("activating");
});

test("a node that the release is not for waits, whatever it holds", () => {
  const release = releaseIn("GRAY", V2, { kind: "nodes", nodes: ["node-2"] });
  const report = reportOf({ packages: { [V2]: "INVALID" }, plugins: { "guard@1.0.0": "RUNNING" } });
  expect(progress(release, report)).toMatchObject({ targeted: false, step: "waiting", running: "1.0.0" });
});

test("of a release that has ended a node says what went wrong at it, or that it is over", () => {
  const release = { ...releaseIn("FAILED", V2), createdAt: 10, updatedAt: 20 };
  const failedAt = (at: number, version = "2.0.0"): ReleaseNode => {
    const failure = { plugin: "guard", version, at, during: "activation", what: "init threw" } as const;
    return progress(release, { ...reportOf({ plugins: { "guard@1.0.0": "RUNNING" } }), failures: [failure] });
  };

  expect(failedAt(15)).toMatchObject({ step: "failed", error: "init threw", running: "1.0.0" });
  // At a release of the same version before it or after it, or of another version.
  for (const other of [failedAt(9), failedAt(21), failedAt(15, "1.0.0")])
    expect(other).toMatchObject({ step: "over", error: undefined });
  expect(step("SUPERSEDED", { plugins: { [V2]: "RUNNING" } })).toBe("over");
  expect(step("APPROVED", {})).toBe("waiting");
});
