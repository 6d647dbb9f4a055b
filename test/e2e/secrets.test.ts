import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { TestMesh } from "../support/mesh.ts";

// Throws what it was configured with, as a careless `init` does.
const CARELESS = `export default {
  init({ config }) { throw new Error("cannot reach " + config.upstreams[0][1].where); },
  execute() {},
};`;

test("a secret under an odd name, deep in lists, is shown nowhere though the plugin blurts it out", async () => {
  await using app = await TestApp.start();
  await using mesh = await TestMesh.start({
    app: app.port,
    plugins: { careless: { source: CARELESS } },
    chain: [],
  });
  await writeFile(join(mesh.folder, "upstream"), "db-4711.internal\n");
  const config = { upstreams: [["first", { where: { fromFile: "upstream" } }]] };

  await mesh.configure({ chain: [{ plugin: "careless", config }] });
  await mesh.child.line(/"msg":"plugin not loaded as configured/);

  const shown = await Promise.all(
    ["/config_dump", "/plugins"].map(async (path) => (await mesh.ask(path)).text()),
  );
  for (const text of [...shown, mesh.child.output]) {
    expect(text).toContain("cannot reach ***");
    expect(text).not.toContain("db-4711");
  }
  expect(shown[0]).toContain('"fromFile": "upstream"');
});
