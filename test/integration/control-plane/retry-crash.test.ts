import { Readable } from "node:stream";

import { expect, test } from "vitest";

import { ApiClient } from "../../../control-plane/api/contract/client.ts";
import type { Grant } from "../../../control-plane/model/access.ts";
import type { StageContent } from "../../../control-plane/snapshot/node-snapshot.ts";
import type { Resource__Output } from "../../../proto/gen/mesh/v1/Resource.ts";
import { ADMIN_SECRET, ControlPlaneProcess } from "../../support/control-plane-process.ts";
import { taggerZip } from "../../support/controlled-sidecar.ts";
import { TemporaryFolder } from "../../support/temporary-folder.ts";
import { TestNode } from "../../support/test-node.ts";

/** A version of `tagger` in a chain; the answer is a token for node-1. */
async function prepared(admin: ApiClient): Promise<string> {
  const documents = [
    { kind: "Domain", name: "shop" },
    { kind: "Cluster", name: "demo", domain: "shop", environment: "test", requiredApprovals: 0 },
    { kind: "Plugin", name: "tagger", domain: "shop", owners: ["admin"] },
    { kind: "Chain", cluster: "demo", entries: [{ plugin: "tagger" }] },
  ];
  await admin.call("applyDocument", { body: { documents } });
  const zip = taggerZip("tagger", "1.0.0");
  await admin.upload({ plugin: "tagger" }, { name: "t.zip", size: zip.length, bytes: Readable.from([zip]) });
  const grants: Grant[] = [{ role: "node", scope: { kind: "all" } }];
  const { secret } = await admin.call("createToken", { body: { name: "node-1", grants, node: "node-1" } });
  return secret;
}

async function release(admin: ApiClient): Promise<void> {
  const wish = { cluster: "demo", plugin: "tagger", version: "1.0.0", target: { kind: "full" } } as const;
  await admin.call("createRelease", { body: wish });
  await admin.call("downloadRelease", { params: { release: 1 } });
}

/** Says of every package of a stage how it stands. */
function say(node: TestNode, stage: Resource__Output, state: "LOADABLE" | "INVALID"): void {
  const { packages } = JSON.parse(String(stage.content)) as StageContent;
  for (const { plugin, version, digest } of packages) node.stage(plugin, version, digest, state);
}

/** Waits until the release is `state` and this many of its nodes have failed. */
async function until(admin: ApiClient, state: string, failed: number): Promise<void> {
  for await (const { release, counts } of admin.watch("getRelease", { params: { release: 1 } }))
    if (release.state === state && (counts.failed ?? 0) === failed) return;
}

test("a retry that was answered is sent, though the control plane was killed with its answer", async () => {
  await using folder = await TemporaryFolder.create();
  await using plane = await ControlPlaneProcess.create(folder, {});
  await plane.start();
  await using admin = new ApiClient({ baseUrl: plane.baseUrl, token: ADMIN_SECRET });
  const token = await prepared(admin);
  const retry = async (): Promise<void> => {
    await admin.call("retryRelease", { params: { release: 1 }, body: {} });
    await plane.kill();
    await plane.start();
  };

  await using first = TestNode.greet(plane.push, "node-1", { token });
  const [, route, empty] = await first.ackNext(3);
  await release(admin);
  const [stage] = await first.ackNext(1);
  say(first, stage!, "INVALID");
  await until(admin, "DOWNLOADING", 1);
  await retry();

  const inForce = [stage!, route!, empty!].map(({ type, hash }) => ({ type, hash }));
  await using second = TestNode.greet(plane.push, "node-1", { token, hello: { inForce } });
  // It says once more what it said before: it has not heard of the retry.
  say(second, stage!, "INVALID");
  const again = await second.next("resource");
  expect(again).toMatchObject({ type: "STAGE", hash: stage!.hash });
  second.ack(again);
  say(second, again, "LOADABLE");
  await until(admin, "DOWNLOADED", 0);
  await admin.call("activateRelease", { params: { release: 1 } });
  const chain = await second.next("resource");
  expect(chain.type).toBe("CHAIN");
  second.nack(chain);
  await until(admin, "ACTIVATING", 1);
  await retry();

  const { packages } = JSON.parse(String(stage!.content)) as StageContent;
  const staged = packages.map(({ plugin, version, digest }) => ({ plugin, version, digest }));
  await using third = TestNode.greet(plane.push, "node-1", { token, hello: { inForce, staged } });
  expect(await third.next("resource")).toMatchObject({ type: "CHAIN", hash: chain.hash });
}, 60_000);
