import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { TestMesh, type TestPlugin } from "../support/mesh.ts";
import { promotedBytes, TRACE_PROMOTION } from "../support/promoted-bytes.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const WARM = 6_000;
const EXCHANGES = 8_000;
/** Bytes for each exchange. A healthy sidecar moves below 100; with a Map of the runs under way it was 3,500 and more. */
const LIMIT = 1_000;
/** Wide enough for an exchange that a busy machine lets wait to be over before the second collection. */
const YOUNG = ["--min-semi-space-size=16", "--max-semi-space-size=16"];

/** This is not about deadlines. */
const PATIENCE = "10s";

function tagger(header: string): TestPlugin {
  return {
    source: `export default { execute: () => ({ headerSet: [{ key: "${header}", value: ["1"] }] }) };`,
    positions: ["request", "response"],
    manifest: { timeout: PATIENCE, cpu: PATIENCE },
  };
}

test(
  "what an exchange needs is let go with it, and does not reach the old generation",
  { timeout: 120_000 },
  async () => {
    await using app = await TestApp.start();
    await using mesh = await TestMesh.start({
      app: app.port,
      flags: [...YOUNG, ...TRACE_PROMOTION],
      plugins: { one: tagger("X-Web-One"), two: tagger("X-Web-Two") },
      deadlines: { request: PATIENCE, response: PATIENCE },
      settings: { accessLog: false },
    });
    await using load = new SteadyLoad({ port: mesh.inbound, connections: 64, check: () => {} });
    await load.reached(WARM);
    const warm = promotedBytes(mesh.child.output);
    await load.reached(WARM + EXCHANGES);
    const { scavenges, bytes } = promotedBytes(mesh.child.output);
    const outcomes = await load.stop();

    expect([...outcomes.keys()]).toEqual(["ok"]);
    expect(scavenges - warm.scavenges).toBeGreaterThan(5);
    expect((bytes - warm.bytes) / EXCHANGES).toBeLessThan(LIMIT);
  },
);
