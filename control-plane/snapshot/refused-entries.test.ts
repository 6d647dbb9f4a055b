import { expect, test } from "vitest";

import { contentHash } from "../../core/content-hash.ts";
import type { SnapshotResource } from "./node-snapshot.ts";
import { refusedEntries } from "./refused-entries.ts";

const GUARD = { plugin: "guard", version: "1.0.0", gray: { version: "2.0.0", percentage: 10, salt: "s" } };
const TAGGER = { plugin: "tagger", version: "1.0.0" };
const CHAIN: SnapshotResource = { hash: "h", content: { entries: [GUARD, TAGGER] }, tombstone: false };

const problem = (plugin: string, key = "") => ({ plugin, key, text: `${plugin} ${key} is wrong` });

test("a refusal is about the entries that it names", () => {
  expect(refusedEntries(CHAIN, [problem("tagger", "chain[1]")])).toEqual([
    { plugin: "tagger", version: "1.0.0", hash: contentHash(TAGGER), problem: "tagger chain[1] is wrong" },
  ]);
});

test.for([
  [["chain[0].gray"], "2.0.0"],
  [["chain[0].gray.version"], "2.0.0"],
  [["chain[0]"], "1.0.0"],
  [["chain[0].grayish"], "1.0.0"],
  [["chain[0]", "chain[0].gray"], "1.0.0"],
] as const)("of two versions it is about the gray one where only that is wrong: %s", ([keys, version]) => {
  const problems = keys.map((key) => problem("guard", key));
  expect(refusedEntries(CHAIN, problems)).toMatchObject([{ plugin: "guard", version }]);
});

test("what is about no entry of the chain is about the chain as a whole", () => {
  expect(refusedEntries(CHAIN, [problem("tagger"), problem("")])).toBeUndefined();
  expect(refusedEntries(CHAIN, [problem("tagger"), problem("stranger")])).toBeUndefined();
  expect(refusedEntries(CHAIN, [problem("__proto__")])).toBeUndefined();
});

test("what is kept of all that was said of an entry is bounded", () => {
  const long = Array.from({ length: 20 }, () => ({ plugin: "tagger", key: "", text: "x".repeat(1_000) }));
  expect(refusedEntries(CHAIN, long)?.[0]?.problem).toHaveLength(1_000);
});
