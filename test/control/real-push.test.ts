import { writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import type { PushSettings } from "../../control-plane/push/push-settings.ts";
import { TestApp } from "../support/app.ts";
import { ControlledSidecar, taggerZip } from "../support/controlled-sidecar.ts";
import { PushMesh } from "../support/push-mesh.ts";
import { ScriptedControlPlane } from "../support/scripted-control-plane.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

/** The stream server of a control plane, packages for it to name, and an app: what a node needs but itself. */
async function meshWithApp(settings: Partial<PushSettings> = {}) {
  await using stack = new AsyncDisposableStack();
  const state = stack.use(await TemporaryFolder.create());
  const app = stack.use(await TestApp.start());
  const artifacts = stack.use(await ScriptedControlPlane.start());
  const mesh = stack.use(await PushMesh.start({ settings }));
  const owned = stack.move();
  return {
    artifacts,
    mesh,
    report: () => mesh.reports.get("node-1")?.report,
    /** A sidecar that has just connected, and gone when all of it is. */
    join: async (): Promise<ControlledSidecar> => {
      const controlPlane = `127.0.0.1:${mesh.server.port}`;
      const joining = { controlPlane, controlPlaneToken: "sluice_node-1", cluster: "demo" };
      const sidecar = owned.use(new ControlledSidecar(artifacts, state, app.port, joining));
      await mesh.until(() => mesh.reports.get("node-1")?.report.connected === true);
      mesh.debounce();
      return sidecar;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test(
  "the control plane's own stream server and a real node understand each other",
  { timeout: 120_000 },
  async () => {
    await using world = await meshWithApp({ heartbeat: 300, scan: 1_000, avoid: 300, jitter: 1 });
    const { artifacts, mesh, report } = world;
    const tagger = artifacts.publish("tagger", "1.0.0", taggerZip("tagger", "1.0.0"));
    const broken = artifacts.publish("broken", "1.0.0", taggerZip("broken", "1.0.0", "export default {"));
    const packages = [tagger, broken].map((each) => ({ ...each, config: undefined }));
    mesh.change({ packages });
    const sidecar = await world.join();
    await mesh.until(() => report()?.packages.length === 2);
    await mesh.until(
      () => report()?.packages.every(({ state: each }) => each === "LOADABLE" || each === "INVALID") === true,
    );
    expect(
      report()
        ?.packages.map(({ plugin, state: each }) => `${plugin} ${each}`)
        .toSorted(),
    ).toEqual(["broken INVALID", "tagger LOADABLE"]);

    mesh.change({ packages, chain: ["tagger@1.0.0"] });
    await mesh.until(() => report()?.resources.chain.acked?.tick === mesh.source.tick);
    expect((await sidecar.get()).headers.get("x-tag")).toBe("1.0.0");
    await mesh.until(
      () =>
        report()?.plugins.some(({ plugin, status }) => plugin === "tagger" && status === "RUNNING") === true,
    );

    mesh.change({ packages, chain: ["broken@1.0.0"] });
    await mesh.until(() => report()?.resources.chain.nacked !== undefined);
    expect(mesh.reports.sync("node-1")).toBe("REJECTED");
    expect(report()?.resources.chain.nacked?.problems[0]).toMatch(/broken: chain\[0\]/);
    expect((await sidecar.get()).headers.get("x-tag")).toBe("1.0.0");
  },
);

test(
  "what a node could not load is tried again when somebody says retry, not when another stage comes",
  { timeout: 120_000 },
  async () => {
    await using world = await meshWithApp();
    const { artifacts, mesh, report } = world;
    const tagger = artifacts.publish("tagger", "1.0.0", taggerZip("tagger", "1.0.0"));
    const other = artifacts.publish("other", "1.0.0", taggerZip("other", "1.0.0"));
    const packages = [{ ...tagger, config: { table: { fromFile: "table" } } }];
    mesh.change({ packages });
    const sidecar = await world.join();
    const stateOf = (plugin: string) => report()?.packages.find((each) => each.plugin === plugin)?.state;
    await mesh.until(() => stateOf("tagger") === "INVALID");

    await writeFile(sidecar.path("table"), "here");
    mesh.change({ packages: [...packages, { ...other, config: undefined }] });
    await mesh.until(() => stateOf("other") === "LOADABLE");
    expect(stateOf("tagger")).toBe("INVALID");

    // With yet another stage, so that nothing but `again` says so.
    mesh.reports.retry("node-1");
    mesh.change({ packages });
    await mesh.until(() => stateOf("tagger") === "LOADABLE");
  },
);
