import { expect, test } from "vitest";

import type { NodeFailure, NodePlugin } from "../model/node.ts";
import { afterPackage, afterPlugins, withFailures, withoutFailures } from "./failures.ts";

const GUARD = { plugin: "guard", version: "1.0.0" } as const;
const REFUSED: NodeFailure = { ...GUARD, at: 1, during: "activation", what: "init threw" };

function pluginThat(status: NodePlugin["status"], error = ""): NodePlugin {
  return { ...GUARD, digest: "", status, error, generation: 1 };
}

test("a plugin that fails is noted when it says so, not again with every report", () => {
  const failing = [pluginThat("FAILED", "boom")];
  const noted = afterPlugins([], [pluginThat("RUNNING")], failing, 5);
  expect(noted).toEqual([{ ...GUARD, at: 5, during: "run", what: "boom" }]);
  expect(afterPlugins(noted, failing, failing, 9)).toBe(noted);
  expect(afterPlugins(noted, failing, [pluginThat("QUARANTINED")], 9)).toMatchObject([
    { at: 9, what: "the plugin is QUARANTINED" },
  ]);
});

test("a version that comes to run has nothing wrong with it any more; one that ran all along says nothing new", () => {
  expect(afterPlugins([REFUSED], [pluginThat("INSTALLED")], [pluginThat("RUNNING")], 5)).toEqual([]);
  expect(afterPlugins([REFUSED], [pluginThat("RUNNING")], [pluginThat("RUNNING")], 5)).toEqual([REFUSED]);
});

test("a version that runs though its new config is refused is not forgotten to be refused", () => {
  const item = { ...GUARD, digest: "", state: "INVALID", detail: "no such secret" } as const;
  const refused = afterPackage([], item, 5);
  const back = [pluginThat("RUNNING")];
  expect(afterPlugins(refused, [pluginThat("QUARANTINED")], back, 6, [item])).toEqual(refused);
  expect(afterPlugins(refused, [pluginThat("FAILED")], back, 6, [])).toEqual([]);
});

test("a package that can be loaded after all takes back what was said of the package, and nothing else", () => {
  const item = { ...GUARD, digest: "", detail: "no execute" };
  const failures = afterPackage([REFUSED], { ...item, state: "INVALID" }, 5);
  expect(failures.map(({ during, at }) => [during, at])).toEqual([
    ["activation", 1],
    ["download", 5],
  ]);
  expect(afterPackage(failures, { ...item, state: "FETCHING" }, 6)).toBe(failures);
  expect(afterPackage(failures, { ...item, state: "LOADABLE" }, 7)).toEqual([REFUSED]);
});

test("a package that cannot be loaded has failed once, though the node calls its plugin FAILED too", () => {
  const invalid = afterPackage([], { ...GUARD, digest: "", detail: "boom", state: "INVALID" }, 5);
  expect(afterPlugins(invalid, [], [pluginThat("FAILED", "boom")], 6)).toBe(invalid);
});

test("of one version and phase the last time is kept, of a node that says endless things 32", () => {
  const again = { ...REFUSED, at: 2, what: "init threw again" };
  expect(withFailures([REFUSED], [again])).toEqual([again]);
  const many = Array.from({ length: 100 }, (_, index) => ({ ...REFUSED, version: `${index}.0.0` }));
  const kept = withFailures([REFUSED], many);
  expect(kept).toHaveLength(32);
  expect(kept.at(-1)?.version).toBe("99.0.0");
});

test("other versions, and other phases, are left alone", () => {
  expect(withoutFailures([REFUSED], [{ plugin: "guard", version: "2.0.0" }], "activation")).toEqual([
    REFUSED,
  ]);
  expect(withoutFailures([REFUSED], [GUARD], "download")).toEqual([REFUSED]);
  expect(withoutFailures([REFUSED], [GUARD], "activation")).toEqual([]);
});
