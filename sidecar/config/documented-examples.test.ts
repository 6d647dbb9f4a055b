import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { parseSnapshot } from "./snapshot-schema.ts";

const textOf = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");

test.each(["docs/configuration.md", "docs/operating.md"])("the configuration in %s is one", (page) => {
  const blocks = [...textOf(page).matchAll(/```yaml\n(apiVersion: sluice\/v1\nkind: Mesh.*?)```/gs)];
  expect(blocks.length).toBeGreaterThan(0);
  for (const [, text = ""] of blocks) expect(parseSnapshot(page, text).chain.length).toBeGreaterThan(0);
});

test("the demo's configuration is one", () => {
  expect(parseSnapshot("mesh.yaml", textOf("deploy/demo/mesh.yaml")).chain).not.toEqual([]);
});
