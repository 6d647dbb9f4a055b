import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";
import { z } from "zod";

import { readDocument } from "../core/document.ts";
import { checkConfig } from "../core/packages/config-schema.ts";
import { packPlugin } from "../core/packages/pack.ts";
import { readFolder } from "../core/packages/read-folder.ts";

const EXAMPLES = fileURLToPath(new URL("../plugins-example", import.meta.url));
const DEMO = fileURLToPath(new URL("../deploy/demo/mesh.yaml", import.meta.url));
const NAMES = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const demoSchema = z.looseObject({
  chain: z.array(z.looseObject({ plugin: z.string(), config: z.unknown() })),
});

test("there are examples to begin with", () => {
  expect(NAMES).toEqual(expect.arrayContaining(["header-tag", "rate-limit", "token-guard"]));
});

test.for(NAMES)("the example %s is a plugin that the sidecar takes, with a README", async (name) => {
  const { package: found } = await readFolder(`${EXAMPLES}/${name}`);

  expect(found.manifest.name).toBe(name);
  expect(readFileSync(`${EXAMPLES}/${name}/README.md`, "utf8")).toContain(`# ${name}`);
});

test.for(NAMES)(
  "the example %s is packed without anything of Node and without the author's harness",
  async (name) => {
    const { package: found } = await readFolder(`${EXAMPLES}/${name}`);
    if (found.source === undefined) return;

    expect(found.source).not.toMatch(/require\(|createHarness/);
    expect((await packPlugin(`${EXAMPLES}/${name}`)).zip.length).toBeLessThan(16 * 1024);
  },
);

test("the demo's chain names examples and gives each a config that its schema takes", async () => {
  const { chain } = readDocument("mesh.yaml", readFileSync(DEMO, "utf8"), demoSchema);

  for (const { plugin, config } of chain) {
    const { package: found } = await readFolder(`${EXAMPLES}/${plugin}`);
    expect(checkConfig(found.configSchema, config, "mesh.yaml", plugin)).toMatchObject({ kind: "valid" });
  }
  expect(chain.map(({ plugin }) => plugin)).toEqual(["header-tag", "rate-limit", "token-guard"]);
});
