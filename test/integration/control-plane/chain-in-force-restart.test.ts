import { Readable } from "node:stream";

import { expect, test } from "vitest";

import { ApiClient } from "../../../control-plane/api/contract/client.ts";
import type { Grant } from "../../../control-plane/model/access.ts";
import type { ChainContent, StageContent } from "../../../control-plane/snapshot/node-snapshot.ts";
import type { Resource__Output } from "../../../proto/gen/mesh/v1/Resource.ts";
import { ADMIN_SECRET, ControlPlaneProcess } from "../../support/control-plane-process.ts";
import { taggerZip } from "../../support/controlled-sidecar.ts";
import { TemporaryFolder } from "../../support/temporary-folder.ts";
import { TestNode } from "../../support/test-node.ts";

// A control plane that was killed knows again what nodes go on with, though they tell the hash of it alone.

const GOOD = { table: { fromFile: "table" } };
const BAD = { table: { fromFile: "mistyped" } };
const BOTH = ["tagger", "guard"] as const;

interface Entry {
  readonly plugin: string;
  readonly config?: typeof GOOD;
  readonly mode?: "enforce" | "off";
}

/** Clusters, two plugins in a chain, and version 1.0.0 of both in force. */
async function prepared(admin: ApiClient): Promise<void> {
  const documents = [
    { kind: "Domain", name: "shop" },
    { kind: "Cluster", name: "demo", domain: "shop", environment: "test", requiredApprovals: 0 },
    ...BOTH.map((name) => ({ kind: "Plugin", name, domain: "shop", owners: ["admin"] })),
  ];
  await admin.call("applyDocument", { body: { documents } });
  await chainIs(admin, [{ plugin: "tagger", config: GOOD }, { plugin: "guard" }]);
}

async function chainIs(admin: ApiClient, entries: readonly Entry[]): Promise<void> {
  const body = { entries: [...entries], deadlines: { request: "1s", response: "1s" } };
  await admin.call("putChain", { params: { cluster: "demo" }, body });
}

async function downloads(admin: ApiClient, plugin: string, version: string): Promise<number> {
  const zip = taggerZip(plugin, version);
  await admin.upload({ plugin }, { name: "t.zip", size: zip.length, bytes: Readable.from([zip]) });
  const wish = { cluster: "demo", plugin, version, target: { kind: "full" } } as const;
  const { release } = await admin.call("createRelease", { body: wish });
  await admin.call("downloadRelease", { params: { release: release.id } });
  return release.id;
}

/** Downloads it to the node, which loads it, and activates it. Answers with its number. */
async function releases(admin: ApiClient, node: TestNode, plugin: string, version: string): Promise<number> {
  const release = await downloads(admin, plugin, version);
  const stage = await taken(node, "STAGE");
  say(node, stage);
  await reaches(admin, release, "DOWNLOADED");
  await admin.call("activateRelease", { params: { release } });
  return release;
}

async function reaches(admin: ApiClient, release: number, state: string): Promise<void> {
  const watched = admin.watch("getRelease", { params: { release } });
  for await (const status of watched) if (status.release.state === state) return;
}

/** Takes what comes up to a resource of this type, and that too. */
async function taken(node: TestNode, type: "STAGE" | "CHAIN"): Promise<Resource__Output> {
  while (true) {
    const resource = await node.next("resource");
    node.ack(resource);
    if (resource.type === type) return resource;
  }
}

/** Says of every package of a stage that it is loadable, but for those of one plugin. */
function say(node: TestNode, stage: Resource__Output, invalid?: string): void {
  const { packages } = JSON.parse(String(stage.content)) as StageContent;
  for (const { plugin, version, digest } of packages)
    if (plugin === invalid) node.stage(plugin, version, digest, "INVALID", "no file mistyped");
    else node.stage(plugin, version, digest, "LOADABLE");
}

function entriesOf({ content }: Resource__Output): ChainContent["entries"] {
  return (JSON.parse(String(content)) as ChainContent).entries;
}

async function tokenOf(admin: ApiClient, node: string): Promise<string> {
  const grants: Grant[] = [{ role: "node", scope: { kind: "all" } }];
  return (await admin.call("createToken", { body: { name: node, grants, node } })).secret;
}

test("a switch reaches a node that refuses its chain's config, though the control plane was killed meanwhile", async () => {
  await using folder = await TemporaryFolder.create();
  await using plane = await ControlPlaneProcess.create(folder, {});
  await plane.start();
  await using admin = new ApiClient({ baseUrl: plane.baseUrl, token: ADMIN_SECRET });
  await prepared(admin);
  const token = await tokenOf(admin, "node-1");
  await using first = TestNode.greet(plane.push, "node-1", { token });
  const [, route] = await first.ackNext(3);
  await releases(admin, first, "tagger", "1.0.0");
  await taken(first, "CHAIN");
  await releases(admin, first, "guard", "1.0.0");
  const chain = await taken(first, "CHAIN");

  await chainIs(admin, [{ plugin: "tagger", config: BAD }, { plugin: "guard" }]);
  const stage = await taken(first, "STAGE");
  say(first, stage, "tagger");
  const watched = admin.watch("getNode", { params: { node: "node-1" } });
  for await (const { sync } of watched) if (sync === "REJECTED") break;
  await plane.kill();
  await plane.start();
  await using second = TestNode.greet(plane.push, "node-1", {
    token,
    hello: {
      inForce: [stage, route!, chain].map(({ type, hash }) => ({ type, hash })),
      staged: (JSON.parse(String(stage.content)) as StageContent).packages.filter(
        ({ plugin }) => plugin === "guard",
      ),
    },
  });
  await second.next("welcome");
  say(second, stage, "tagger");
  await chainIs(admin, [
    { plugin: "tagger", config: BAD },
    { plugin: "guard", mode: "off" },
  ]);

  expect(entriesOf(await taken(second, "CHAIN"))).toMatchObject([
    { plugin: "tagger", version: "1.0.0", mode: "enforce", config: GOOD },
    { plugin: "guard", version: "1.0.0", mode: "off" },
  ]);
}, 60_000);

test("a new node is spared what another one refused, though the control plane was killed meanwhile", async () => {
  await using folder = await TemporaryFolder.create();
  await using plane = await ControlPlaneProcess.create(folder, {});
  await plane.start();
  await using admin = new ApiClient({ baseUrl: plane.baseUrl, token: ADMIN_SECRET });
  await prepared(admin);
  const [token, newToken] = [await tokenOf(admin, "node-1"), await tokenOf(admin, "node-2")];
  await using first = TestNode.greet(plane.push, "node-1", { token });
  await first.ackNext(3);
  const release = await releases(admin, first, "tagger", "1.0.0");
  await taken(first, "CHAIN");
  const { digest } = await admin.call("getVersion", { params: { plugin: "tagger", version: "1.0.0" } });
  await first.report(true, [{ plugin: "tagger", version: "1.0.0", digest, state: "RUNNING" }]);
  await reaches(admin, release, "ACTIVE");
  await admin.call("completeRelease", { params: { release } });
  await releases(admin, first, "tagger", "1.1.0");
  const refused = await first.next("resource");
  first.nack(refused, [{ plugin: "tagger", key: "chain[0]", message: "init threw" }]);
  const watched = admin.watch("getNode", { params: { node: "node-1" } });
  for await (const { sync } of watched) if (sync === "REJECTED") break;
  await plane.kill();
  await plane.start();

  await using second = TestNode.greet(plane.push, "node-2", { token: newToken });
  say(second, await taken(second, "STAGE"));
  const chain = await taken(second, "CHAIN");

  expect(chain.hash).not.toBe(refused.hash);
  expect(entriesOf(chain)).toMatchObject([{ plugin: "tagger", version: "1.0.0", config: GOOD }]);
}, 60_000);
