import { Readable } from "node:stream";

import { expect, test } from "vitest";

import { ApiClient } from "../../../control-plane/api/contract/client.ts";
import type { Grant } from "../../../control-plane/model/access.ts";
import { TestApp } from "../../support/app.ts";
import { calledCommand } from "../../support/called-command.ts";
import { ADMIN_SECRET, ControlPlaneProcess } from "../../support/control-plane-process.ts";
import { ControlledSidecar, taggerZip } from "../../support/controlled-sidecar.ts";
import { PacedTraffic } from "../../support/paced-traffic.ts";
import { TemporaryFolder } from "../../support/temporary-folder.ts";

// Control plane and node are processes of their own, and the first is killed while the node refuses a version.

const SETTINGS = { heartbeat: "1s", scan: "1s", avoid: "100ms", jitter: "1ms" };
const FAILS_AT_START = `export default { init() { throw new Error("no table here"); }, execute: () => ({}) };`;
const GUARD = `export default { execute: () => ({ headerSet: { "x-guard": "1.0.0" } }) };`;

async function prepare(admin: ApiClient): Promise<void> {
  const documents = [
    { kind: "Domain", name: "shop" },
    { kind: "Cluster", name: "demo", domain: "shop", environment: "test", requiredApprovals: 0 },
    ...["guard", "tagger"].map((name) => ({ kind: "Plugin", name, domain: "shop", owners: ["admin"] })),
  ];
  await admin.call("applyDocument", { body: { documents } });
  await chainIs(admin, "enforce");
}

async function chainIs(admin: ApiClient, tagger: "enforce" | "off"): Promise<void> {
  const entries = [
    { plugin: "guard", timeout: "2s" },
    { plugin: "tagger", mode: tagger, timeout: "2s" },
  ];
  const body = { entries, deadlines: { request: "5s", response: "5s" } };
  await admin.call("putChain", { params: { cluster: "demo" }, body });
}

/** Uploads a version and has it run, until its one node runs it or has failed. */
async function release(admin: ApiClient, plugin: string, version: string, script?: string): Promise<string> {
  const zip = taggerZip(plugin, version, script);
  await admin.upload({ plugin }, { name: `${plugin}.zip`, size: zip.length, bytes: Readable.from([zip]) });
  const body = { cluster: "demo", plugin, version, target: { kind: "full" } } as const;
  const { release: made } = await admin.call("createRelease", { body });
  const params = { release: made.id };
  await admin.call("downloadRelease", { params, body: {} });
  for await (const status of admin.watch("getRelease", { params }))
    if (status.release.state === "DOWNLOADED") break;
  await admin.call("activateRelease", { params, body: {} });
  for await (const { nodes } of admin.watch("getRelease", { params }))
    for (const { step } of nodes) if (step === "active" || step === "failed") return step;
  throw new Error("the watch ended");
}

async function tokenOf(admin: ApiClient, node: string): Promise<string> {
  const grants: Grant[] = [{ role: "node", scope: { kind: "all" } }];
  return (await admin.call("createToken", { body: { name: node, grants, node } })).secret;
}

test(
  "a control plane that was killed knows again what a node refuses, and changes the rest of its chain",
  { timeout: 180_000 },
  async () => {
    await using folder = await TemporaryFolder.create();
    await using plane = await ControlPlaneProcess.create(folder, SETTINGS);
    await plane.start();
    await using admin = new ApiClient({ baseUrl: plane.baseUrl, token: ADMIN_SECRET });
    await prepare(admin);
    await using app = await TestApp.start();
    const settings = {
      controlPlane: `127.0.0.1:${plane.push}`,
      controlPlaneArtifacts: plane.baseUrl,
      controlPlaneToken: await tokenOf(admin, "node-1"),
      cluster: "demo",
    };
    await using node = new ControlledSidecar({ settings }, folder, app.port);
    const { inbound } = await node.ready();
    expect(await release(admin, "guard", "1.0.0", GUARD)).toBe("active");
    expect(await release(admin, "tagger", "1.0.0")).toBe("active");
    await using traffic = new PacedTraffic(inbound, ({ status, headers }) =>
      status === 200 && headers.get("x-guard") === "1.0.0"
        ? undefined
        : `${status} ${headers.get("x-guard")}`,
    );
    expect(await release(admin, "guard", "2.0.0", FAILS_AT_START)).toBe("failed");

    await plane.kill();
    await plane.start();
    const place = { server: plane.baseUrl, token: ADMIN_SECRET, directory: folder.path };
    const waited = await calledCommand(place, "wait", "--cluster", "demo", "--timeout", "100s");
    expect(waited).toMatchObject({ code: 8, stdout: expect.stringMatching(/1 rejected\n$/) as unknown });

    await chainIs(admin, "off");
    while ((await node.get()).headers.has("x-tag"));
    const described = (await calledCommand(place, "describe", "node", "node-1")).stdout;
    expect(described).toMatch(/^ +chain +\w{12} +guard@2\.0\.0 +20\S+Z +.*no table here/m);
    const enough = traffic.answers + 5;
    while (traffic.answers < enough) await node.get();
    expect(traffic.problems).toEqual([]);
  },
);
