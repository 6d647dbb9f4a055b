import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { Child } from "../../support/child.ts";
import { TemporaryFolder } from "../../support/temporary-folder.ts";

const SIDECAR = fileURLToPath(new URL("../../../sidecar/main.ts", import.meta.url));
const SETTINGS = "{ inbound: '127.0.0.1:0', outbound: '127.0.0.1:0', admin: '127.0.0.1:0' }";
const MANIFEST = `apiVersion: sluice/v1
kind: Plugin
name: guard
version: 1.0.0
runtime: isolate
entry: src/plugin.ts
positions: [request]
failurePolicy: closed
`;

test.each([
  ["breaks the plugin's schema", "{ plugin: guard, config: { level: 3 } }", "chain[0].config.level: "],
  [
    "names a secret that is missing",
    "{ plugin: guard, config: { key: { fromEnv: NONE } } }",
    "chain[0].config.key: ",
  ],
  ["has an unknown key", "{ plugin: guard, confg: {} }", "chain[0].confg: unknown key"],
])(
  "a sidecar whose configuration %s does not start: its guard would be missing",
  async (_name, entry, problem) => {
    await using folder = await TemporaryFolder.create();
    const schema = { type: "object", properties: { level: { type: "string" }, key: { type: "string" } } };
    await folder.write("plugins/guard/plugin.yaml", MANIFEST);
    await folder.write("plugins/guard/config.schema.json", JSON.stringify(schema));
    await folder.write("plugins/guard/src/plugin.ts", "export default { execute: () => ({}) };");
    const text = `{ apiVersion: sluice/v1, kind: Mesh, sidecar: ${SETTINGS}, plugins: { folder: plugins }, chain: [${entry}] }`;
    const path = await folder.write("mesh.yaml", text);

    await using sidecar = new Child(process.execPath, [SIDECAR, "--config", path]);
    await sidecar.line(new RegExp(`^sluice sidecar: .*${problem.replaceAll(/[[\].]/g, "\\$&")}`));
    expect(await new Promise((resolve) => sidecar.process.once("close", resolve))).toBe(1);
    expect(sidecar.output).not.toContain('"msg":"ready"');
  },
);
