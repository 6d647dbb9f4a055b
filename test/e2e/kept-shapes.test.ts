import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { TestMesh } from "../support/mesh.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const EXCHANGES = 6_000;
/** Collects what nothing holds, as V8 does by itself in an idle moment. */
const COLLECTS = `process.on("SIGWINCH", () => { for (let i = 0; i < 3; i++) globalThis.gc(); console.log("collected"); });`;
/** This is not about deadlines. */
const PATIENCE = "10s";
/** Functions whose code is thrown away. A healthy sidecar loses 15 to 18; with nothing kept it was 34 to 107. */
const LIMIT = 28;

test("a collection in an idle moment leaves the code of an exchange", { timeout: 120_000 }, async () => {
  await using app = await TestApp.start();
  await using mesh = await TestMesh.start({
    app: app.port,
    flags: ["--expose-gc", "--trace-deopt", `--import=data:text/javascript,${encodeURIComponent(COLLECTS)}`],
    plugins: {
      tagger: {
        source: `export default { execute: () => ({ headerSet: { "X-Web-One": "1" } }) };`,
        positions: ["request", "response"],
        manifest: { timeout: PATIENCE, cpu: PATIENCE },
      },
    },
    deadlines: { request: PATIENCE, response: PATIENCE },
    settings: { accessLog: false },
  });
  await using load = new SteadyLoad({ port: mesh.inbound, connections: 32, check: () => {} });
  await load.reached(EXCHANGES);
  await load.stop();
  const before = mesh.child.output.length;

  mesh.child.process.kill("SIGWINCH");
  await mesh.child.line(/^collected/);

  const thrownAway = mesh.child.output.slice(before).split("embedded weak objects cleared").length - 1;
  expect(thrownAway).toBeLessThan(LIMIT);
});
