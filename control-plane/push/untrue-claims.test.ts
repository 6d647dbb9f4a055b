import { expect, test } from "vitest";

import { contentHash } from "../../core/content-hash.ts";
import { PushMesh } from "../../test/support/push-mesh.ts";
import { packageOf } from "../../test/support/scripted-snapshots.ts";
import type { TestNode } from "../../test/support/test-node.ts";

// What a node says to have in force is its own word: it decides nothing for nodes that are new.

const PACKAGES = ["1.0.0", "1.5.0", "2.0.0"].map((version) => packageOf("guard", version));
const STAGED = PACKAGES.map(({ plugin, version, digest }) => ({ plugin, version, digest }));
const SOME = ["guard@1.0.0"];
const OTHER = ["guard@1.5.0"];
const REFUSED = ["guard@2.0.0"];
/** More than refusals are remembered of one cluster. */
const MANY = 40;

/** Nodes that say that they hold every version. */
class Fleet implements AsyncDisposable {
  readonly mesh: PushMesh;

  private constructor(mesh: PushMesh) {
    this.mesh = mesh;
  }

  static async start(): Promise<Fleet> {
    return new Fleet(await PushMesh.start());
  }

  wants(chain: readonly string[]): void {
    this.mesh.change({ packages: PACKAGES, chain });
  }

  /** `claims`: the hash of the chain that it says to have in force. */
  async connect(id: string, claims?: string): Promise<TestNode> {
    const inForce = claims === undefined ? [] : [{ type: "CHAIN" as const, hash: claims }];
    return this.mesh.connect(id, { hello: { staged: STAGED, inForce } });
  }

  /** A node that takes all that it is sent when it is new. Answers with its chain's hash. */
  async takes(id: string): Promise<string> {
    const node = await this.connect(id);
    const [, , chain] = await node.ackNext(3);
    await this.mesh.until(() => this.#chainOn(id) === chain?.hash);
    return chain?.hash ?? "";
  }

  /** A node that refuses the chain that it is sent after stage and route. */
  async refuses(id: string, claims?: string): Promise<string> {
    const node = await this.connect(id, claims);
    await node.ackNext(2);
    const chain = await node.next("resource");
    node.nack(chain);
    await this.mesh.until(() => this.mesh.reports.sync(id) === "REJECTED");
    return chain.hash;
  }

  /** What a node that is new is sent. */
  async newcomer(): Promise<string> {
    const node = await this.connect("newcomer");
    const [, , chain] = await node.ackNext(3);
    return chain?.hash ?? "";
  }

  #chainOn(id: string): string | undefined {
    return this.mesh.reports.get(id)?.report.resources.chain.acked?.hash;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mesh[Symbol.asyncDispose]();
  }
}

test("hashes that a node claims to have in force drive out no refusal", async () => {
  await using fleet = await Fleet.start();
  fleet.wants(SOME);
  const good = await fleet.takes("node-1");
  fleet.wants(REFUSED);
  await fleet.refuses("node-2");

  for (let count = 0; count < MANY; count++) {
    const liar = await fleet.connect("liar", contentHash(count));
    await liar[Symbol.asyncDispose]();
    await fleet.mesh.until(() => fleet.mesh.reports.get("liar")?.report.connected === false);
  }

  expect(await fleet.newcomer()).toBe(good);
});

test("a new node gets what most nodes of its cluster took, not what the one that refuses says to have", async () => {
  await using fleet = await Fleet.start();
  const empty = await fleet.takes("node-0");
  fleet.wants(SOME);
  const good = await fleet.takes("node-1");
  await fleet.takes("node-2");
  fleet.wants(REFUSED);
  await fleet.refuses("liar", empty);

  expect(await fleet.newcomer()).toBe(good);
});

test("a chain that was never sent to the node that claims to have it does not count", async () => {
  await using fleet = await Fleet.start();
  fleet.wants(SOME);
  const before = await fleet.takes("node-1");
  fleet.mesh.reports.forget("node-1");
  fleet.wants(OTHER);
  const good = await fleet.takes("node-2");
  fleet.wants(REFUSED);
  await fleet.refuses("liar", before);

  expect(await fleet.newcomer()).toBe(good);
});

test("where as many nodes go on with one chain as with another a new node is sent the refused one", async () => {
  await using fleet = await Fleet.start();
  fleet.wants(SOME);
  await fleet.takes("node-1");
  fleet.wants(OTHER);
  await fleet.takes("node-2");
  fleet.wants(REFUSED);
  const refused = await fleet.refuses("node-3");

  expect(await fleet.newcomer()).toBe(refused);
});

test("a new node gets no empty chain in place of one that was refused", async () => {
  await using fleet = await Fleet.start();
  const node = await fleet.connect("node-1");
  await node.ackNext(3);
  fleet.wants(REFUSED);
  await node.ackNext(1);
  const refused = await node.next("resource");
  node.nack(refused);
  await fleet.mesh.until(() => fleet.mesh.reports.sync("node-1") === "REJECTED");

  expect(await fleet.newcomer()).toBe(refused.hash);
});
