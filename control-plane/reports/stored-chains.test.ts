import { expect, test } from "vitest";

import { contentHash } from "../../core/content-hash.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { createLogger } from "../../core/log.ts";
import { clusterIn, domainNamed, nodeIn, person } from "../../test/support/catalogue-records.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import type { NodeChain } from "../model/node.ts";
import { openStore } from "../store/open-store.ts";
import type { Store } from "../store/store.ts";
import { LiveReports } from "./live-reports.ts";
import { ReportFlush } from "./report-flush.ts";

const LIMITS = { heartbeat: 10_000, grace: 5_000, answerTimeout: 30_000 };
/** After so long, what nobody has any more is deleted. */
const SWEEP = 30_000;
const FIRST = chainOf("1.0.0");
const SECOND = chainOf("2.0.0");

function chainOf(version: string): NodeChain {
  const content = { entries: [{ plugin: "guard", version }] };
  return { cluster: "demo", hash: contentHash(content), content };
}

/** Reports of two nodes over a real store, and all that is known of chains. */
class World implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly folder: TemporaryFolder;
  chains = new Map<string, NodeChain>();
  store!: Store;
  reports!: LiveReports;
  flush!: ReportFlush;

  private constructor(folder: TemporaryFolder) {
    this.folder = folder;
  }

  static async start(): Promise<World> {
    const world = new World(await TemporaryFolder.create());
    await world.#open();
    await world.store.change(person("dana"), "fill", async ({ domains, clusters, nodes }) => {
      await domains.insert(domainNamed("shop"));
      await clusters.insert(clusterIn("shop", "demo"));
      for (const id of ["a", "b"]) world.reports.remember(await nodes.insert(nodeIn("demo", id)));
    });
    return world;
  }

  async #open(): Promise<void> {
    const { clock, chains } = this;
    this.store = await openStore(this.folder.path, clock);
    this.reports = new LiveReports(clock, LIMITS);
    const contents = {
      chainOf: (cluster: string, hash: string) => (cluster === "demo" ? chains.get(hash) : undefined),
      remember: (chain: NodeChain) => void chains.set(chain.hash, chain),
    };
    const { store, reports } = this;
    this.flush = new ReportFlush({ store, reports, chains: contents, clock, log: createLogger("silent") });
    await this.flush.start();
  }

  /** As after a kill: what was not written is gone. */
  async restart(): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    this.chains = new Map();
    await this.#open();
  }

  takes(node: string, chain: NodeChain): void {
    this.chains.set(chain.hash, chain);
    this.reports.sent(node, "chain", { hash: chain.hash, tick: 1 });
    this.reports.acked(node, "chain");
  }

  /** Lets time pass, and what it brings be written. */
  async pass(time: number): Promise<void> {
    for (let passed = 0; passed < time; passed += 1_000) {
      this.clock.advance(1_000);
      await this.flush.written();
    }
  }

  async stored(): Promise<readonly string[]> {
    return (await this.store.loadChains()).map(({ hash }) => hash);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

test("what a chain is made of is stored when it is first sent, once for all nodes, and known after a kill", async () => {
  await using world = await World.start();
  world.takes("a", FIRST);
  await world.flush.written();
  expect(await world.stored()).toEqual([FIRST.hash]);
  const save = world.store.saveReports.bind(world.store);
  const saved: number[] = [];
  world.store.saveReports = async (reports, chains = []) => {
    saved.push(chains.length);
    await save(reports, chains);
  };
  world.takes("b", FIRST);
  await world.pass(1_000);
  expect(saved).toEqual([0]);

  await world.restart();
  expect([...world.chains.values()]).toEqual([FIRST]);
});

test("a chain that no node has any more is deleted, also one that a life before stored", async () => {
  await using world = await World.start();
  for (const node of ["a", "b"]) world.takes(node, FIRST);
  world.takes("a", SECOND);
  await world.pass(SWEEP);
  expect((await world.stored()).toSorted()).toEqual([FIRST.hash, SECOND.hash].toSorted());

  await world.restart();
  world.takes("b", SECOND);
  await world.pass(SWEEP);
  expect(await world.stored()).toEqual([SECOND.hash]);

  world.takes("b", FIRST);
  await world.flush.written();
  expect((await world.stored()).toSorted()).toEqual([FIRST.hash, SECOND.hash].toSorted());
});

test("a hash that a node made up stores nothing", async () => {
  await using world = await World.start();
  world.reports.connected("a", { incarnation: "1", inForce: { chain: "made up" }, staged: [] });
  await world.pass(1_000);
  expect(await world.stored()).toEqual([]);
});

test("a chain that a failing store did not take is stored when it is back", async () => {
  await using world = await World.start();
  const save = world.store.saveReports.bind(world.store);
  world.store.saveReports = async () => Promise.reject(new Error("disk full"));
  world.takes("a", FIRST);
  await world.flush.written();
  world.store.saveReports = save;

  await world.pass(1_000);
  expect(await world.stored()).toEqual([FIRST.hash]);
});
