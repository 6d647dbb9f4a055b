import { expect, test } from "vitest";

import { CommandedMesh } from "../../../test/support/commanded-mesh.ts";

const ENTRIES = [
  { plugin: "tagger", tag: "web", match: { path: { prefix: "/a" } } },
  { plugin: "other" },
] as const;
const ON_DEMO = ["tagger", "--cluster", "demo"] as const;

/** A chain in which the first of two plugins has a tag. */
async function meshWithChain(): Promise<CommandedMesh> {
  const mesh = await CommandedMesh.start();
  const { admin } = mesh.plane;
  const body = { name: "other", domain: "shop", description: "", owners: [] };
  await admin.call("putPlugin", { params: { plugin: "other" }, body });
  const chain = { entries: [...ENTRIES], deadlines: { request: "200ms", response: "200ms" } };
  await admin.call("putChain", { params: { cluster: "demo" }, body: chain });
  return mesh;
}

test("disable and enable again keep a plugin's place, tag and match", async () => {
  await using mesh = await meshWithChain();
  const chain = (): Promise<unknown> => mesh.plane.admin.call("getChain", { params: { cluster: "demo" } });

  expect(await mesh.sluice("plugin", "disable", ...ON_DEMO)).toMatchObject({ code: 0, stderr: "" });
  expect(await chain()).toMatchObject({ entries: [{ ...ENTRIES[0], mode: "off" }, ENTRIES[1]] });
  await mesh.sluice("plugin", "enable", ...ON_DEMO);
  expect(await chain()).toMatchObject({ entries: [{ ...ENTRIES[0], mode: "enforce" }, ENTRIES[1]] });
});

test("remove shows the entry that is gone with the plugin; enable adds one at the end without any of it", async () => {
  await using mesh = await meshWithChain();

  const removed = await mesh.sluice("plugin", "remove", ...ON_DEMO);

  expect(removed.stdout).toMatch(/^other /m);
  expect(removed.stdout).not.toContain("tagger");
  expect(removed.stderr).toBe(
    "note: its entry, 1 of 2 in the chain of demo, is gone with it; `plugin enable` would add it at the end without this:\n" +
      "  plugin: tagger\n  tag: web\n  match:\n    path:\n      prefix: /a\n",
  );
  const { stdout } = await mesh.sluice("plugin", "enable", ...ON_DEMO);
  expect(stdout).toMatch(/^other .*\ntagger +enforce +- /m);
  // A second time there is nothing more to lose.
  await mesh.sluice("plugin", "remove", ...ON_DEMO);
  expect(await mesh.sluice("plugin", "remove", ...ON_DEMO)).toMatchObject({ code: 0, stderr: "" });
});
