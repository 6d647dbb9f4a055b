import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { tagger } from "../support/file-mesh.ts";
import { TestMesh } from "../support/mesh.ts";

/** Exchanges on a connection each, until both workers have had some. */
async function untilBothServe(mesh: TestMesh): Promise<number> {
  for (let sent = 0; ;) {
    for (let i = 0; i < 10; i++, sent++) {
      const answer = await fetch(`http://127.0.0.1:${mesh.inbound}/echo`, {
        headers: { connection: "close" },
      });
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    }
    const served = await Promise.all(
      ["1", "2"].map((worker) => mesh.metric("sluice_worker_exchanges_total", { worker })),
    );
    if (served.every((count) => count > 0)) return sent;
  }
}

test("both workers serve on one port, their metrics add up, and SIGTERM ends all with 0", async () => {
  await using app = await TestApp.start();
  const plugins = { tag: { source: tagger("one") } };
  await using mesh = await TestMesh.start({ app: app.port, settings: { workers: 2 }, plugins });
  const sent = await untilBothServe(mesh);
  const exchanges = await mesh.metric("sluice_exchanges_total");
  const buckets = await mesh.metric("sluice_exchange_duration_seconds_bucket", { le: "+Inf" });
  const calls = await mesh.metric("sluice_plugin_calls_total", { plugin: "tag" });

  expect({ exchanges, buckets, calls }).toEqual({ exchanges: sent, buckets: sent, calls: sent });
  expect(await mesh.child.end("SIGTERM")).toBe(0);
});
