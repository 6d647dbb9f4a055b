import { randomInt } from "node:crypto";
import { Readable } from "node:stream";

import { expect, test } from "vitest";

import type { ApiAnswer } from "../../../control-plane/api/contract/client-types.ts";
import { contentHash } from "../../../core/content-hash.ts";
import { Random } from "../../fuzz-h1/random.ts";
import {
  applyAsk,
  chainAsk,
  changesOf,
  releaseAsk,
  tokenAsk,
  uploadAsk,
  writtenPart,
  type AnsweredChange,
  type ChangingClient,
} from "../../support/changing-clients.ts";
import { taggerZip } from "../../support/controlled-sidecar.ts";
import { CrashingMesh } from "../../support/crashing-mesh.ts";
import { PacedTraffic } from "../../support/paced-traffic.ts";
import { disorder } from "../../support/release-order.ts";
import { ReplayedStore } from "../../support/replayed-store.ts";

const CHANGES = 10;
const VERSIONS = ["1.0.0", "1.1.0", "1.2.0"] as const;
/** Where releases are made and chains are changed. */
const ASSIGNED = [
  { cluster: "demo", plugin: "guard", node: "node-1" },
  { cluster: "demo", plugin: "tagger", node: "node-1" },
  { cluster: "lab", plugin: "tagger", node: "node-4" },
] as const;
/** Who works on each release at once. */
const HANDS = ["ann", "bob", "eve"];

type Release = ApiAnswer<"listReleases">["items"][number];
type ReceivedChain = { readonly entries: readonly Readonly<Record<string, unknown>>[] };

const script = (plugin: string, version: string): string =>
  `export default { execute: () => ({ headerSet: { "x-${plugin}": ${JSON.stringify(version)} } }) };`;

function clusters(requiredApprovals: number): readonly object[] {
  return ["demo", "lab"].map((name) => {
    return { kind: "Cluster", name, domain: "shop", environment: "test", requiredApprovals };
  });
}

/** Everything that the clients work on. */
async function prepare({ admin }: CrashingMesh): Promise<void> {
  const entries = (plugins: readonly string[]): object[] =>
    plugins.map((plugin) => ({ plugin, timeout: "5s" }));
  const deadlines = { request: "10s", response: "10s" };
  const documents = [
    { kind: "Domain", name: "shop" },
    ...clusters(0),
    ...["guard", "tagger"].map((name) => ({ kind: "Plugin", name, domain: "shop", owners: ["admin"] })),
    { kind: "Chain", cluster: "demo", entries: entries(["guard", "tagger"]), deadlines },
    { kind: "Chain", cluster: "lab", entries: entries(["tagger"]), deadlines },
  ];
  await admin.call("applyDocument", { body: { documents } });
  for (const plugin of ["guard", "tagger"])
    for (const version of VERSIONS) {
      const zip = taggerZip(plugin, version, script(plugin, version));
      await admin.upload({ plugin }, { name: "p.zip", size: zip.length, bytes: Readable.from([zip]) });
    }
}

/** Version 1.0.0 of every plugin is DONE where it is assigned; from then on a release takes an approval. */
async function releaseFirst({ admin }: CrashingMesh): Promise<void> {
  for (const { cluster, plugin } of ASSIGNED) {
    const wish = { cluster, plugin, version: "1.0.0", target: { kind: "full" } } as const;
    const scheduledAt = new Date().toISOString();
    const { release } = await admin.call("createRelease", { body: { ...wish, scheduledAt } });
    const params = { release: release.id };
    for await (const status of admin.watch("getRelease", { params }))
      if (status.release.state === "ACTIVE") break;
    await admin.call("completeRelease", { params });
  }
  await admin.call("applyDocument", { body: { documents: [...clusters(1)] } });
}

/** Twenty people with a token and connections of their own. */
async function clientsOf(mesh: CrashingMesh, random: Random): Promise<readonly ChangingClient[]> {
  const clients: ChangingClient[] = [];
  for (const { cluster, plugin, node } of ASSIGNED) {
    for (const hand of HANDS) {
      const actor = `${hand}-${cluster}-${plugin}`;
      const client = await mesh.person(actor, ["developer", "approver", "operator"]);
      const place = { cluster, plugin, node, versions: VERSIONS };
      clients.push({ actor, ask: releaseAsk({ client, actor, ...place, random }) });
    }
    for (const part of cluster === "demo" ? PARTS : PARTS.slice(0, 2)) {
      const actor = `${part}-${cluster}-${plugin}`;
      const client = await mesh.person(actor, ["operator"]);
      clients.push({ actor, ask: chainAsk(client, cluster, plugin, part) });
    }
  }
  const [keeper, founder, uploader] = await Promise.all(
    ["keeper", "founder", "uploader"].map((actor) => mesh.person(actor, ["admin"])),
  );
  clients.push({ actor: "keeper", ask: tokenAsk(keeper!) });
  clients.push({ actor: "founder", ask: applyAsk(founder!) });
  clients.push({ actor: "uploader", ask: uploadAsk(uploader!, "tagger") });
  return clients;
}

const PARTS = ["mode", "tag", "config"] as const;

/** What everybody could see of each release at a time: `id@revision`, and the states that were told of it. */
class ToldStates implements AsyncDisposable {
  readonly states: Map<string, Set<string>> = new Map();
  readonly #ended = new AbortController();
  readonly #watching: Promise<void>;

  constructor({ admin }: CrashingMesh) {
    this.#watching = this.#watch(admin);
  }

  add(release: number | string, revision: number, state: string): void {
    const key = `${release}@${revision}`;
    this.states.set(key, (this.states.get(key) ?? new Set()).add(state));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#watching;
  }

  async #watch(admin: CrashingMesh["admin"]): Promise<void> {
    const { signal } = this.#ended;
    for await (const { items } of admin.watch("listReleases", { query: { limit: 1_000 } }, { signal }))
      for (const { id, revision, state } of items) this.add(id, revision, state);
  }
}

/** Nothing happens by itself any more; the releases as they are then. */
async function quiet({ admin }: CrashingMesh): Promise<readonly Release[]> {
  for await (const { items } of admin.watch("listReleases", { query: { limit: 1_000 } }))
    if (!items.some(({ state }) => state === "DOWNLOADING" || state === "ACTIVATING")) return items;
  throw new Error("the watch ended");
}

/** What the API says that a node should run: the chain of its cluster, with the versions that releases put there. */
async function assigned(
  { admin }: CrashingMesh,
  releases: readonly Release[],
  { id, cluster }: { readonly id: string; readonly cluster: string },
): Promise<readonly unknown[]> {
  const { entries } = await admin.call("getChain", { params: { cluster } });
  return entries.map((entry) => {
    const here = releases.filter((each) => each.cluster === cluster && each.plugin === entry.plugin);
    const base = here.find(({ state }) => state === "ACTIVE" || state === "DONE");
    const gray = here.find(({ state }) => state === "GRAY");
    const byNode = gray?.target.kind === "nodes" && gray.target.nodes.includes(id);
    const byTraffic = gray?.target.kind === "traffic" ? gray.target.percentage : undefined;
    return {
      ...entry,
      version: byNode ? gray.version : base?.version,
      ...(byTraffic === undefined
        ? {}
        : { gray: { version: gray?.version, percentage: byTraffic, salt: expect.any(String) as string } }),
    };
  });
}

async function auditEvents({ admin }: CrashingMesh): Promise<ApiAnswer<"listAudit">["items"]> {
  const events: ApiAnswer<"listAudit">["items"] = [];
  let cursor: string | undefined;
  do {
    const page = await admin.call("listAudit", { query: { limit: 500, cursor } });
    events.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return events.filter(({ changes }) => changes.length > 0);
}

const sorted = (changes: readonly Pick<AnsweredChange, "actor" | "tick">[]): readonly string[] =>
  changes.map(({ actor, tick }) => `${tick} ${actor}`).toSorted();

test(
  "200 changes of 20 clients at once: gapless ticks, an audit that matches, one state for each release, and every node ends on the last content",
  { timeout: 240_000 },
  async () => {
    const random = new Random(randomInt(2 ** 31));
    await using mesh = await CrashingMesh.create(random);
    await mesh.plane.start();
    await prepare(mesh);
    const nodes = [
      { node: await mesh.node("node-1"), cluster: "demo" },
      { node: await mesh.node("node-2", { cluster: "demo", service: "billing" }), cluster: "demo" },
      { node: await mesh.node("node-4", { cluster: "lab", service: "billing" }), cluster: "lab" },
    ] as const;
    const sidecar = await mesh.sidecar("node-3");
    await releaseFirst(mesh);
    const { inbound } = await sidecar.ready();
    await using traffic = new PacedTraffic(inbound, ({ status }) =>
      status === 200 ? undefined : `status ${status}`,
    );
    const clients = await clientsOf(mesh, random);
    expect(clients).toHaveLength(20);
    await using told = new ToldStates(mesh);

    const changes = (await Promise.all(clients.map((client) => changesOf(client, CHANGES)))).flat();

    const releases = await quiet(mesh);
    await mesh.converged(3);
    await mesh.converged(1, "lab");
    await told[Symbol.asyncDispose]();
    await traffic[Symbol.asyncDispose]();

    // Ticks, and the audit against what was answered.
    const events = await auditEvents(mesh);
    expect(events.map(({ tick }) => tick)).toEqual(Array.from(events, (_, index) => index + 1));
    expect(events.at(-1)?.tick).toBe((await mesh.admin.call("health")).tick);
    const actors = clients.map(({ actor }) => actor);
    expect(sorted(events.filter(({ actor }) => actors.includes(actor)))).toEqual(sorted(changes));
    expect(changes).toHaveLength(200);
    for (const { tick, record, state, actor } of changes) {
      const { outcome, changes: parts = [] } = events[tick - 1] ?? {};
      expect({ actor, outcome }).toEqual({ actor, outcome: "accepted" });
      const part = parts.find(({ kind, key }) => `${kind} ${key}` === record);
      if (record !== undefined) expect(part?.after).toMatchObject({ revision: tick });
      if (state !== undefined) told.add(String(record).slice("releases ".length), tick, state);
      if (state !== undefined) expect(part?.after).toMatchObject({ state });
    }

    // Each release: one state at a time, whoever asked.
    for (const { id, revision, state } of releases) told.add(id, revision, state);
    for (const { tick, changes: parts } of events)
      for (const { kind, key, after } of parts)
        if (kind === "releases") told.add(key, tick, (after as Release).state);
    const split = [...told.states].filter(([, states]) => states.size !== 1);
    expect(split).toEqual([]);
    expect(releases.length).toBeGreaterThan(2 * ASSIGNED.length);

    // Every node.
    for (const { node, cluster } of nodes) {
      const entries = await assigned(mesh, releases, { id: node.id, cluster });
      const chain = node.received("CHAIN") as ReceivedChain;
      expect(chain.entries).toEqual(entries);
      const { resources } = await mesh.admin.call("getNode", { params: { node: node.id } });
      expect(resources.chain.acked?.hash).toBe(contentHash(chain));
      expect(node.losses).toEqual([]);
      const parts = cluster === "demo" ? PARTS : PARTS.slice(0, 2);
      const last = Object.assign({}, ...parts.map((part) => writtenPart(part, CHANGES - 1))) as object;
      for (const entry of chain.entries) {
        expect(entry).toMatchObject(last);
        expect(VERSIONS).toContain(entry["version"]);
      }
    }
    const wanted = await mesh.admin.call("getNode", { params: { node: "node-3" } });
    const [, second] = nodes;
    expect(wanted.resources.chain.acked?.hash).toBe(contentHash(second.node.received("CHAIN")));
    const entries = (second.node.received("CHAIN") as ReceivedChain).entries;
    const { headers } = await sidecar.get();
    for (const { plugin, version, gray } of entries)
      expect([version, (gray as { version?: string } | undefined)?.version]).toContain(
        headers.get(`x-${String(plugin)}`),
      );
    expect(traffic.problems).toEqual([]);
    expect(traffic.answers).toBeGreaterThan(0);

    // The store itself, read as a history.
    await mesh.plane.kill();
    const store = new ReplayedStore();
    expect(await mesh.readStore(store)).toEqual([]);
    expect(store.tick).toBe(events.length);
    expect(disorderAtAnyTick(store)).toEqual([]);
  },
);

/** Wrong states of releases beside each other after any of the changes, not only after the last. */
function disorderAtAnyTick({ events }: ReplayedStore): readonly string[] {
  const releases = new Map<string, Release>();
  return events.flatMap(({ tick, changes }) => {
    for (const { kind, key, after } of changes) if (kind === "releases") releases.set(key, after as Release);
    const groups = Object.groupBy(releases.values(), ({ cluster, plugin }) => `${plugin} in ${cluster}`);
    return Object.entries(groups).flatMap(([where, group = []]) =>
      disorder(group as never).map((problem) => `tick ${tick}, ${where}: ${problem}`),
    );
  });
}
