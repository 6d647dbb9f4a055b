import { status as Status } from "@grpc/grpc-js";
import { expect, test } from "vitest";

import { contentHash } from "../../../core/content-hash.ts";
import { createLogger } from "../../../core/log.ts";
import { hashSecret } from "../../../control-plane/access/hash-secret.ts";
import { RefusalLog } from "../../../control-plane/access/refusal-log.ts";
import { TokenAuthenticator } from "../../../control-plane/access/token-authenticator.ts";
import type { ReleaseState } from "../../../control-plane/model/release.ts";
import { ReleaseProjection } from "../../../control-plane/releases/release-projection.ts";
import { ReleaseSnapshots } from "../../../control-plane/snapshot/release-snapshots.ts";
import type { StageContent } from "../../../control-plane/snapshot/node-snapshot.ts";
import type { Change } from "../../../control-plane/store/store.ts";
import type { Hello } from "../../../proto/gen/mesh/v1/Hello.ts";
import type { Resource__Output } from "../../../proto/gen/mesh/v1/Resource.ts";
import { chainOf, pluginIn, releaseOf, tokenOf, versionOf } from "../../support/catalogue-records.ts";
import { PushMesh } from "../../support/push-mesh.ts";
import type { TestNode } from "../../support/test-node.ts";

// What people release, as it reaches a node: store, releases, snapshots, tokens and streams as they are.

const BY = { kind: "system", name: "bootstrap" } as const;
const GRANTS = [{ role: "node", scope: { kind: "all" } }] as const;

/** `lost`: of the store only the node's token is left. */
async function startMesh(content: "filled" | "lost" = "filled"): Promise<PushMesh> {
  const log = createLogger("silent");
  return PushMesh.start({
    authenticator: (store, clock) => new TokenAuthenticator(store, clock, new RefusalLog(store, clock)),
    snapshots: async (store, clock) => {
      const known = await store.read(({ tokens }) => tokens.get("id-of-node-1"));
      if (known === undefined) await store.change(BY, "bootstrap", (change) => fill(change, content));
      const projection = new ReleaseProjection({ store, clock, log });
      await projection.start();
      return new ReleaseSnapshots(projection);
    },
  });
}

async function fill(change: Change, content: "filled" | "lost"): Promise<void> {
  await change.tokens.insert(
    tokenOf("node-1", { hash: hashSecret("sluice_node-1"), grants: GRANTS, node: "node-1" }),
  );
  if (content === "lost") return;
  await change.plugins.insert(pluginIn("shop", "guard"));
  for (const version of ["1.0.0", "2.0.0"])
    await change.versions.insert({ ...versionOf("guard", version), digest: digestOf(version) });
  await change.chains.insert(chainOf("demo", ["guard"]));
}

function digestOf(version: string): string {
  return contentHash(["guard", version]);
}

async function releaseIs(mesh: PushMesh, id: number, version: string, state: ReleaseState): Promise<void> {
  const facts = { cluster: "demo", plugin: "guard", version, digest: digestOf(version), state };
  const { tick } = await mesh.store.change(BY, "release.test", async ({ releases }) => {
    if ((await releases.get(id)) === undefined) await releases.insert(releaseOf(id, facts));
    else await releases.update(releaseOf(id, facts));
  });
  await mesh.eventually(() => mesh.metric("sluice_cp_tick") === tick);
  mesh.debounce();
}

/** Takes a stage and says of every package that it is loadable. */
async function stage(mesh: PushMesh, node: TestNode): Promise<readonly string[]> {
  const [resource] = await node.ackNext(1);
  const { packages } = JSON.parse(String(resource?.content)) as StageContent;
  for (const { plugin, version, digest } of packages) node.stage(plugin, version, digest, "LOADABLE");
  await mesh.until(() =>
    packages.every((item) =>
      mesh.reports
        .get(node.id)!
        .report.packages.some(({ digest, state }) => digest === item.digest && state === "LOADABLE"),
    ),
  );
  mesh.debounce();
  return packages.map(({ version }) => version).toSorted();
}

/** A node that runs 1.0.0 because a release put it there. */
async function running(mesh: PushMesh): Promise<TestNode> {
  await releaseIs(mesh, 1, "1.0.0", "ACTIVE");
  const node = await mesh.connect("node-1");
  await stage(mesh, node);
  await node.ackNext(1);
  const chain = await node.next("resource");
  expect(String(chain.content)).toContain('"version":"1.0.0"');
  node.ack(chain);
  await node.report(true, [
    { plugin: "guard", version: "1.0.0", digest: digestOf("1.0.0"), state: "RUNNING" },
  ]);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
  return node;
}

/** What the node says when it comes back. */
function helloAgain(mesh: PushMesh, node: TestNode): Partial<Hello> {
  const { resources, packages } = mesh.reports.get(node.id)!.report;
  const hashOf = (type: keyof typeof resources): string => resources[type].acked?.hash ?? "";
  return {
    inForce: [
      { type: "STAGE", hash: hashOf("stage") },
      { type: "ROUTE", hash: hashOf("route") },
      { type: "CHAIN", hash: hashOf("chain") },
    ],
    staged: packages.map(({ plugin, version, digest }) => ({ plugin, version, digest })),
  };
}

/** All that a node is sent which comes back with its plugin running, and stays for three heartbeats. */
async function resourcesFor(mesh: PushMesh, hello: Partial<Hello>): Promise<readonly Resource__Output[]> {
  const node = await mesh.connect("node-1", { hello });
  const runs = { plugin: "guard", version: "1.0.0", digest: digestOf("1.0.0"), state: "RUNNING" } as const;
  for (let sequence = 1; sequence <= 4; sequence++) {
    node.send({ status: { sequence, complete: true, plugins: [runs], kind: "INVENTORY" } });
    await mesh.eventually(() => node.unread("confirmation") === sequence);
    mesh.clock.advance(mesh.settings.heartbeat);
    mesh.debounce();
  }
  const sent: Resource__Output[] = [];
  while (node.unread("resource") > 0) sent.push(await node.next("resource"));
  return sent;
}

test("a version is staged by its download, and named by a chain only once it is active and loadable", async () => {
  await using mesh = await startMesh();
  const node = await running(mesh);

  await releaseIs(mesh, 2, "2.0.0", "DOWNLOADING");
  expect(await stage(mesh, node)).toEqual(["1.0.0", "2.0.0"]);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
  expect(node.unread("resource")).toBe(0);

  await releaseIs(mesh, 2, "2.0.0", "ACTIVATING");
  const chain = await node.next("resource");
  expect(chain.type).toBe("CHAIN");
  expect(String(chain.content)).toContain('"version":"2.0.0"');
});

test("a version that one node cannot put in force stays refused there, and a retry sends it once more", async () => {
  await using mesh = await startMesh();
  const node = await running(mesh);
  await releaseIs(mesh, 2, "2.0.0", "ACTIVATING");
  await stage(mesh, node);
  const bad = await node.next("resource");
  node.nack(bad, [{ plugin: "guard", message: "init failed: no database" }]);
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");

  await releaseIs(mesh, 3, "1.0.0", "CANCELLED");
  await node.report(true, [
    { plugin: "guard", version: "1.0.0", digest: digestOf("1.0.0"), state: "RUNNING" },
  ]);
  mesh.debounce();
  await node.report(false);
  expect(node.unread("resource")).toBe(0);
  expect(mesh.metric('sluice_cp_push_total{type="chain",result="nack"}')).toBe(1);

  mesh.reports.retry("node-1");
  mesh.debounce();
  expect((await node.next("resource")).hash).toBe(bad.hash);
});

test("a control plane that forgot every report sends a node nothing that it has", async () => {
  await using mesh = await startMesh();
  const node = await running(mesh);
  const hello = helloAgain(mesh, node);
  await node[Symbol.asyncDispose]();
  await mesh.until(() => mesh.server.streams === 0);
  const forgotten = mesh.reports.get("node-1")!.node;
  mesh.reports.forget("node-1");
  mesh.reports.remember(forgotten);

  expect(await resourcesFor(mesh, hello)).toEqual([]);
  expect(mesh.reports.sync("node-1")).toBe("SYNCED");
});

test("a control plane that was restarted sends a node nothing that it has, and takes nothing away", async () => {
  await using mesh = await startMesh();
  const hello = helloAgain(mesh, await running(mesh));
  await mesh.restart();

  expect(await resourcesFor(mesh, hello)).toEqual([]);
  expect(mesh.reports.sync("node-1")).toBe("SYNCED");
});

test("a control plane whose store was lost takes no chain, no package and no route from a node", async () => {
  let hello: Partial<Hello>;
  {
    await using before = await startMesh();
    hello = helloAgain(before, await running(before));
  }
  await using mesh = await startMesh("lost");

  const sent = await resourcesFor(mesh, hello);

  expect(sent.filter(({ type, tombstone }) => type !== "ROUTE" || tombstone)).toEqual([]);
});

test("a token that is revoked or expires ends the stream, and opens none", async () => {
  await using mesh = await startMesh();
  const node = await mesh.connect("node-1");
  await mesh.store.change(BY, "token.write", async ({ tokens }) => {
    const token = await tokens.get("id-of-node-1");
    await tokens.update({ ...token!, revoked: true });
  });

  expect(await node.ended()).toMatchObject({ code: Status.UNAUTHENTICATED });
  const again = await mesh.greet("node-1").ended();
  expect(again).toMatchObject({ code: Status.UNAUTHENTICATED });
  expect(again.details).toContain("was revoked");
  const audit = await mesh.store.read((view) => view.audit.list({ action: "node.connect" }, { limit: 10 }));
  expect(audit.items).toMatchObject([{ actor: "node-1", outcome: "refused" }]);
});
