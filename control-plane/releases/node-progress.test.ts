import { expect, test } from "vitest";

import { nodeNamed, releaseIn, reportOf, type Said } from "../../test/support/snapshot-world.ts";
import type { NodeReport } from "../model/node.ts";
import type { Release, ReleaseNode, ReleaseState } from "../model/release.ts";
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
  expect(step("ACTIVATING", { packages: { [V2]: "LOADABLE" }, plugins: { [V2]: "RUNNING" } })).toBe("active");
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
