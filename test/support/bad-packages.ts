import { pluginZip, rawZip } from "./plugin-packages.ts";

/** A zip that must be refused, and what is wrong with it. */
export interface BadPackage {
  readonly name: string;
  readonly zip: Buffer;
}

const script = (content: string): { name: string; content: string } => ({
  name: "steady/bin/plugin.js",
  content,
});

/** A package of the plugin `steady` in a version that would win if it were any good. */
function steady(changes: Readonly<Record<string, unknown>>, content: string): Buffer {
  const manifest = {
    apiVersion: "sluice/v1",
    kind: "Plugin",
    name: "steady",
    version: "9.0.0",
    runtime: "isolate",
    positions: ["request"],
    failurePolicy: "closed",
    ...changes,
  };
  return rawZip([{ name: "steady/plugin.yaml", content: JSON.stringify(manifest) }, script(content)]);
}

const GOOD = "export default { execute() { return {}; } };";

/** Twenty packages that nobody must load, each bad in a way of its own. */
export function badPackages(): readonly BadPackage[] {
  const whole = steady({}, GOOD);
  const bad: Readonly<Record<string, Buffer>> = {
    "not-a-zip": Buffer.from("this is no zip"),
    empty: Buffer.alloc(0),
    torn: whole.subarray(0, Math.floor(whole.length / 2)),
    "without-end": whole.subarray(0, whole.length - 10),
    "wrong-name": steady({ name: "another" }, GOOD),
    "bad-name": steady({ name: "../steady" }, GOOD),
    "bad-version": steady({ version: "latest" }, GOOD),
    "no-policy": steady({ failurePolicy: undefined }, GOOD),
    "unknown-key": steady({ failurePolici: "open" }, GOOD),
    "no-positions": steady({ positions: [] }, GOOD),
    "bad-timeout": steady({ timeout: "soon" }, GOOD),
    "too-much-memory": steady({ memory: "64GiB" }, GOOD),
    "absolute-path": pluginZip({ name: "steady" }, [{ name: "/etc/owned", content: "x" }], "steady"),
    traversal: pluginZip({ name: "steady" }, [{ name: "steady/../../owned", content: "x" }], "steady"),
    backslash: pluginZip({ name: "steady" }, [{ name: "steady\\owned", content: "x" }], "steady"),
    link: pluginZip({ name: "steady" }, [{ name: "steady/link", content: "/etc", mode: 0o120777 }], "steady"),
    oversize: pluginZip(
      { name: "steady" },
      [{ name: "steady/bomb", content: Buffer.alloc(80 * 2 ** 20) }],
      "steady",
    ),
    "syntax-error": steady({ version: "9.0.1" }, "export default { execute( { }"),
    "init-throws": steady(
      { version: "9.0.2" },
      `export default { init() { throw new Error("no table"); }, execute() {} };`,
    ),
    "no-execute": steady({ version: "9.0.3" }, "export default {};"),
  };
  return Object.entries(bad).map(([name, zip]) => ({ name, zip }));
}
