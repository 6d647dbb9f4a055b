import { readdir, rm, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";

import { expect, test } from "vitest";

import { restore } from "../../../control-plane/restore.ts";
import { systemClock } from "../../../core/clock.ts";
import { TestApp } from "../../support/app.ts";
import { calledCommand, type CalledCommand } from "../../support/called-command.ts";
import { TestControlPlane } from "../../support/control-plane.ts";
import { ControlledSidecar, taggerZip } from "../../support/controlled-sidecar.ts";
import { TemporaryFolder } from "../../support/temporary-folder.ts";

const TIMEOUT = 120_000;

/** A control plane in the folder, with `tagger` in the versions released in turn to cluster `demo`. */
async function released(folder: TemporaryFolder, ...versions: readonly string[]): Promise<TestControlPlane> {
  const plane = await (await TestControlPlane.start({ folder })).withClusters();
  const { admin } = plane;
  const plugin = { name: "tagger", domain: "shop", description: "", owners: ["admin"] };
  await admin.call("putPlugin", { params: { plugin: "tagger" }, body: plugin });
  const rules = { environment: "test", requiredApprovals: 0, rollbackApproval: false };
  const cluster = { name: "demo", domain: "shop", ...rules };
  await admin.call("putCluster", { params: { cluster: "demo" }, body: cluster });
  await admin.call("putChainEntry", {
    params: { cluster: "demo", plugin: "tagger" },
    body: { timeout: "2s" },
  });
  for (const version of versions) {
    const zip = taggerZip("tagger", version);
    const file = { name: "tagger.zip", size: zip.length, bytes: Readable.from([zip]) };
    await admin.upload({ plugin: "tagger" }, file);
    const target = { kind: "full" } as const;
    const wish = {
      cluster: "demo",
      plugin: "tagger",
      version,
      target,
      scheduledAt: new Date().toISOString(),
    };
    const { release } = await admin.call("createRelease", { body: wish });
    for await (const status of admin.watch("getRelease", { params: { release: release.id } }))
      if (status.release.state === "ACTIVE") break;
  }
  return plane;
}

async function backUp(plane: TestControlPlane, folder: TemporaryFolder): Promise<CalledCommand> {
  const token = await plane.token("admin");
  const place = { server: plane.baseUrl, token, directory: folder.path };
  return calledCommand(place, "control-plane", "backup", "backup");
}

test(
  "a control plane that was lost is restored from its backup, and nodes get their packages",
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await TemporaryFolder.create());
    const plane = await released(folder, "1.0.0", "1.1.0");
    const made = await backUp(plane, folder);
    await plane[Symbol.asyncDispose]();
    await rm(folder.join("control-plane"), { recursive: true });

    expect(made.stdout).toMatch(/^backup: the store, .*\nbackup\.packages: 2 packages, .* \(2 new\)\n$/);
    const restored = await restore(folder.join("backup"), folder.join("control-plane"), {
      clock: systemClock,
      incomplete: false,
    });

    expect(restored).toMatchObject({ packages: 2, missing: [] });
    expect((await readdir(folder.path)).toSorted()).toEqual(["backup", "backup.packages", "control-plane"]);
    const again = stack.use(await TestControlPlane.start({ folder }));
    const app = stack.use(await TestApp.start());
    const state = stack.use(await TemporaryFolder.create());
    const settings = {
      controlPlane: `127.0.0.1:${again.ports.push}`,
      controlPlaneArtifacts: `${again.baseUrl}/api/v1/artifacts/`,
      controlPlaneToken: await again.token("node", { kind: "cluster", cluster: "demo" }, "node-1"),
      cluster: "demo",
    };
    const sidecar = stack.use(new ControlledSidecar({ settings }, state, app.port));
    for await (const { items } of again.admin.watch("listNodes", {}))
      if (items.some(({ plugins }) => plugins.some(({ status }) => status === "RUNNING"))) break;
    expect((await sidecar.get()).headers.get("x-tag")).toBe("1.1.0");
  },
  TIMEOUT,
);

test("a second backup fetches only packages that are not there whole", async () => {
  await using folder = await TemporaryFolder.create();
  await using plane = await released(folder, "1.0.0", "1.1.0");
  await backUp(plane, folder);
  const [first = ""] = await readdir(folder.join("backup.packages"));
  await writeFile(folder.join("backup.packages", first), "damaged");

  expect((await backUp(plane, folder)).stdout).toContain("(1 new)");
  expect((await backUp(plane, folder)).stdout).toContain("(0 new)");
});

test.for([
  ["missing", (path: string): Promise<void> => rm(path), "is not there"],
  ["damaged", (path: string): Promise<void> => writeFile(path, "PK"), "is damaged"],
] as const)(
  "a backup with a package that is %s is refused, and nothing is a store then",
  async ([, spoil, why]) => {
    await using folder = await TemporaryFolder.create();
    const plane = await released(folder, "1.0.0");
    await backUp(plane, folder);
    await plane[Symbol.asyncDispose]();
    const [name = ""] = await readdir(folder.join("backup.packages"));
    await spoil(folder.join("backup.packages", name));
    const bring = (incomplete: boolean): ReturnType<typeof restore> =>
      restore(folder.join("backup"), folder.join("new"), { clock: systemClock, incomplete });

    await expect(bring(false)).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining(`${name} ${why}`) as string,
    });
    expect(await readdir(folder.join("new"))).not.toContain("store.sqlite");
    expect(await bring(true)).toMatchObject({
      packages: 0,
      missing: [expect.stringContaining(why) as string],
    });
  },
);
