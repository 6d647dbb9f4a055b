import { expect, test } from "vitest";

import type { NodePlugin } from "../model/node.ts";
import type { SnapshotResource } from "../snapshot/node-snapshot.ts";
import { refusedVersions } from "./refused-versions.ts";

function chainOf(...entries: readonly Readonly<Record<string, unknown>>[]): SnapshotResource {
  return { hash: "h", content: { entries, deadlines: {} }, tombstone: false };
}

function problem(plugin: string, text: string): Parameters<typeof refusedVersions>[2][number] {
  return { plugin, key: "", message: text, text };
}

function running(plugin: string, version: string): NodePlugin {
  return { plugin, version, digest: "", status: "RUNNING", error: "", generation: 1 };
}

const GRAY = { plugin: "guard", version: "1.0.0", gray: { version: "2.0.0", percentage: 10, salt: "s" } };
const CHAIN = chainOf(GRAY, { plugin: "tagger", version: "1.0.0" }, { plugin: "gone", unavailable: "no" });
const RUN_NOW = [running("guard", "1.0.0"), running("tagger", "1.0.0")];

test("the version that is new on the node is to blame, not the one that runs beside it", () => {
  expect(refusedVersions("chain", CHAIN, [problem("guard", "init threw")], RUN_NOW)).toEqual([
    { plugin: "guard", version: "2.0.0", what: "init threw" },
  ]);
});

test("where all run already, as with a config that is wrong, it is said of each", () => {
  const both = [...RUN_NOW, running("guard", "2.0.0")];
  const refused = refusedVersions("chain", CHAIN, [problem("guard", "limit: expected a number")], both);
  expect(refused.map(({ version }) => version)).toEqual(["1.0.0", "2.0.0"]);
});

test("what is said of no plugin is said of what the node does not run yet", () => {
  expect(refusedVersions("chain", CHAIN, [problem("", "out of memory")], RUN_NOW)).toEqual([
    { plugin: "guard", version: "2.0.0", what: "out of memory" },
  ]);
});

test("a node speaks of no plugin that it was not sent, and of none without end", () => {
  expect(refusedVersions("chain", CHAIN, [problem("other", "no")], RUN_NOW)).toEqual([]);
  const long = Array.from({ length: 20 }, () => problem("guard", "x".repeat(1_000)));
  expect(refusedVersions("chain", CHAIN, long, RUN_NOW)[0]?.what).toHaveLength(1_000);
  expect(refusedVersions("route", { ...CHAIN, content: { services: {} } }, [problem("", "no")], [])).toEqual(
    [],
  );
});
