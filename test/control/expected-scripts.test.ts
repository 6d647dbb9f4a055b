import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { chainOf, ControlMesh } from "../support/control-mesh.ts";
import { taggerZip } from "../support/controlled-sidecar.ts";
import { until } from "../support/isolate-mesh.ts";
import { childPids } from "../support/process-resources.ts";

test("a host for checking scripts waits from the start, and is started anew while a package is being fetched", async () => {
  await using mesh = await ControlMesh.create();
  const sidecar = mesh.start();
  const node = await mesh.plane.connected();
  await node.push("chain", chainOf());
  await sidecar.ready();
  const children = (): readonly number[] => childPids(sidecar.child.pid);

  await until(() => children().length === 1);
  process.kill(children()[0]!, "SIGKILL");
  await until(() => children().length === 0);

  // Nobody answers the download.
  mesh.plane.intercept = () => true;
  const zip = taggerZip("tagger", "1.0.0");
  const { digest } = mesh.plane.publish("tagger", "1.0.0", zip);
  await node.push("stage", { packages: [{ plugin: "tagger", version: "1.0.0", digest, size: zip.length }] });
  await until(() => children().length === 1);

  const [host] = children();
  expect(readFileSync(`/proc/${host}/cmdline`, "latin1")).toContain("plugin-host");
});
