import { expect, test } from "vitest";

import { chainOf, ControlMesh } from "../support/control-mesh.ts";
import { taggerZip } from "../support/controlled-sidecar.ts";

test(
  "workers have one stream and swap together; what a plugin logs in any of them can be read",
  { timeout: 120_000 },
  async () => {
    await using mesh = await ControlMesh.create({}, { workers: "2" });
    const sidecar = mesh.start();
    const node = await mesh.plane.connected();
    const script = `export default {
    init({ log }) { log.info("tagger is up"); },
    execute: () => ({ headerSet: { "x-tag": "1.0.0" } }),
  };`;
    const tagger = mesh.plane.publish("tagger", "1.0.0", taggerZip("tagger", "1.0.0", script));
    await node.push("stage", { packages: [tagger] });
    await node.staged("tagger", "LOADABLE");
    expect(
      (await node.push("chain", chainOf({ plugin: "tagger", version: "1.0.0" }), { tick: 3 })).kind,
    ).toBe("ack");

    const answers = await Promise.all(Array.from({ length: 8 }, () => sidecar.get()));
    expect(new Set(answers.map(({ headers }) => headers.get("x-tag")))).toEqual(new Set(["1.0.0"]));
    expect(mesh.plane.streams).toHaveLength(1);
    await node.reported("tagger", "RUNNING");
    expect(await sidecar.metric('sluice_config_tick{source="stream"}')).toBe(3);

    node.send({ readLog: { id: 4, plugin: "tagger", tailBytes: 64 * 1024 } });
    await node.until(
      ({ log }) => log?.id === 4 && log.lines.some((line) => line.includes("a plugin is loaded")),
    );
    await node.until(({ log }) => log?.id === 4 && log.end);
  },
);
