import { status as Status } from "@grpc/grpc-js";
import { expect, test } from "vitest";

import { contentHash } from "../../../core/content-hash.ts";
import { createLogger } from "../../../core/log.ts";
import { hashSecret } from "../../../control-plane/access/hash-secret.ts";
import { RefusalLog } from "../../../control-plane/access/refusal-log.ts";
import { TokenAuthenticator } from "../../../control-plane/access/token-authenticator.ts";
import type { ReleaseState, ReleaseTarget } from "../../../control-plane/model/release.ts";
import { impliedSteps } from "../../../control-plane/releases/implied-steps.ts";
import { ReleaseFollower } from "../../../control-plane/releases/release-follower.ts";
import { ReleaseProjection } from "../../../control-plane/releases/release-projection.ts";
import { Releases } from "../../../control-plane/releases/releases.ts";
import { ReleaseSnapshots } from "../../../control-plane/snapshot/release-snapshots.ts";
import type { StageContent } from "../../../control-plane/snapshot/node-snapshot.ts";
import type { Change } from "../../../control-plane/store/store.ts";
import type { Hello } from "../../../proto/gen/mesh/v1/Hello.ts";
import type { Resource__Output } from "../../../proto/gen/mesh/v1/Resource.ts";
import { chainOf, person, pluginIn, releaseOf, tokenOf, versionOf } from "../../support/catalogue-records.ts";
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
    snapshots: async (store, clock, chains) => {
      const known = await store.read(({ tokens }) => tokens.get("id-of-node-1"));
      if (known === undefined) await store.change(BY, "bootstrap", (change) => fill(change, content));
      const projection = new ReleaseProjection({ store, clock, log });
      await projection.start();
      return new ReleaseSnapshots(projection, chains);
    },
  });
}

async function fill(change: Change, content: "filled" | "lost"): Promise<void> {
  for (const node of ["node-1", "node-2"])
    await change.tokens.insert(tokenOf(node, { hash: hashSecret(`sluice_${node}`), grants: GRANTS, node }));
  if (content === "lost") return;
  await change.plugins.insert(pluginIn("shop", "guard"));
  for (const version of ["1.0.0", "2.0.0"])
    await change.versions.insert({ ...versionOf("guard", version), digest: digestOf(version) });
  await change.chains.insert(chainOf("demo", ["guard"]));
}

function digestOf(version: string): string {
  return contentHash(["guard", version]);
}

async function releaseIs(
  mesh: PushMesh,
  id: number,
  version: string,
  state: ReleaseState,
  target: ReleaseTarget = { kind: "full" },
): Promise<void> {
  const facts = { cluster: "demo", plugin: "guard", version, digest: digestOf(version), state, target };
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

const OLGA = person("olga");

/** What people do with releases, and what follows from reports. */
class Operations implements AsyncDisposable {
  readonly releases: Releases;
  readonly #mesh: PushMesh;
  readonly #projection: ReleaseProjection;
  readonly #follower: ReleaseFollower;

  private constructor(mesh: PushMesh) {
    const { store, clock, reports } = mesh;
    const log = createLogger("silent");
    this.#mesh = mesh;
    this.#projection = new ReleaseProjection({ store, clock, log });
    this.#follower = new ReleaseFollower({ store, projection: this.#projection, reports, clock, log });
    this.releases = new Releases({ store, clock, reports, saveReports: (nodes) => mesh.flush.save(nodes) });
  }

  static async start(mesh: PushMesh): Promise<Operations> {
    const operations = new Operations(mesh);
    await operations.#projection.start();
    operations.#follower.start();
    return operations;
  }

  /** Gray becomes full; resolves when nodes are sent that. */
  async promote(): Promise<void> {
    const { tick } = await this.releases.promote(OLGA, { release: 2 });
    await this.#mesh.eventually(() => this.#mesh.metric("sluice_cp_tick") === tick);
    this.#mesh.debounce();
  }

  /** Of release 2, when nothing follows any more from what nodes said. */
  async status(): Promise<{ readonly state: ReleaseState; readonly nodes: readonly string[] }> {
    const { clock, reports } = this.#mesh;
    while (impliedSteps(this.#projection.clusters, reports, clock.wall()).length > 0) {
      clock.advance(50);
      await this.#mesh.store.read(async () => undefined);
    }
    const { release, nodes } = await this.releases.status(2);
    const told = nodes.map(({ node, step, error = "" }) => `${node} ${step} ${error}`.trim());
    return { state: release.state, nodes: told };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower[Symbol.asyncDispose]();
    this.#projection[Symbol.dispose]();
  }
}

const BOTH_RUN = ["1.0.0", "2.0.0"].map((version) => {
  return { plugin: "guard", version, digest: digestOf(version), state: "RUNNING" } as const;
});

/** Two nodes that give a tenth of the traffic to 2.0.0. */
async function inGray(mesh: PushMesh): Promise<readonly [TestNode, TestNode]> {
  await releaseIs(mesh, 1, "1.0.0", "ACTIVE");
  await releaseIs(mesh, 2, "2.0.0", "GRAY", { kind: "traffic", percentage: 10 });
  const nodes = [await mesh.connect("node-1"), await mesh.connect("node-2")] as const;
  for (const node of nodes) {
    await stage(mesh, node);
    await node.ackNext(2);
    await node.report(true, BOTH_RUN);
    await mesh.until(() => mesh.reports.sync(node.id) === "SYNCED");
  }
  return nodes;
}

const GRAY_AGAIN = { state: "GRAY", nodes: ["node-1 active", "node-2 active"] };

test("a release is promoted when every node has said that it took that, and is not completed before", async () => {
  await using mesh = await startMesh();
  const [first, stopped] = await inGray(mesh);
  await using operations = await Operations.start(mesh);
  expect(await operations.status()).toEqual(GRAY_AGAIN);

  await operations.promote();
  await first.ackNext(1);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");

  const waiting = { state: "ACTIVATING", nodes: ["node-1 active", "node-2 activating"] };
  expect(await operations.status()).toEqual(waiting);
  const complete = (): Promise<unknown> => operations.releases.complete(OLGA, { release: 2 });
  await expect(complete()).rejects.toMatchObject({ code: "wrong_state" });

  await stopped.ackNext(1);
  await mesh.until(() => mesh.reports.sync("node-2") === "SYNCED");
  expect(await operations.status()).toMatchObject({ state: "ACTIVE" });
  await complete();
});

test("a node that refuses a promotion has failed at it, with the reason, although it runs the version", async () => {
  await using mesh = await startMesh();
  const [first, second] = await inGray(mesh);
  await using operations = await Operations.start(mesh);
  await operations.promote();
  await first.ackNext(1);
  second.nack(await second.next("resource"), [{ plugin: "guard", message: "no database" }]);
  await mesh.until(() => mesh.reports.sync("node-2") === "REJECTED");
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");

  const failed = "node-2 failed the node refused its chain: guard: no database";
  expect(await operations.status()).toEqual({ state: "ACTIVATING", nodes: ["node-1 active", failed] });
});

test("a control plane that was restarted goes by what each node says that it has, and by nothing before", async () => {
  await using mesh = await startMesh();
  const [taking, stopped] = await inGray(mesh);
  {
    await using operations = await Operations.start(mesh);
    await operations.promote();
    await taking.ackNext(1);
    await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
  }
  const [promoted, gray] = [helloAgain(mesh, taking), helloAgain(mesh, stopped)];
  await mesh.restart();
  await using operations = await Operations.start(mesh);
  const why = "it is not connected: waited for until it is back, or OFFLINE";
  const unheard = {
    state: "ACTIVATING",
    nodes: [`node-1 activating ${why}`, `node-2 activating ${why}`],
  };
  expect(await operations.status()).toEqual(unheard);

  const first = await mesh.connect("node-1", { hello: promoted });
  const second = await mesh.connect("node-2", { hello: gray });
  const chain = await second.next("resource");
  expect(chain.type).toBe("CHAIN");
  for (const node of [first, second]) await node.report(true, BOTH_RUN);
  const half = { state: "ACTIVATING", nodes: ["node-1 active", "node-2 activating"] };
  expect(await operations.status()).toEqual(half);
  expect(first.unread("resource")).toBe(0);
  second.ack(chain);
  await mesh.until(() => mesh.reports.get("node-2")?.report.resources.chain.acked?.hash === chain.hash);
  expect(await operations.status()).toMatchObject({ state: "ACTIVE" });
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
