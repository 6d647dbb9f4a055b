import { randomInt } from "node:crypto";
import { Readable } from "node:stream";

import { expect, test } from "vitest";

import type { ApiAnswer } from "../../../control-plane/api/contract/client-types.ts";
import { Random } from "../../fuzz-h1/random.ts";
import { ADMIN_SECRET } from "../../support/control-plane-process.ts";
import { taggerZip } from "../../support/controlled-sidecar.ts";
import { CrashingMesh } from "../../support/crashing-mesh.ts";
import { parseExposition } from "../../support/exposition.ts";
import { PacedTraffic } from "../../support/paced-traffic.ts";

const RESTARTS = 3;
/** Heartbeats that a node is followed for after each. */
const HEARTBEATS = 3;
const PLUGINS = ["guard", "tagger"] as const;

type Node = ApiAnswer<"getNode">;
type Target =
  | { readonly kind: "full" }
  | { readonly kind: "nodes"; readonly nodes: string[] }
  | { readonly kind: "traffic"; readonly percentage: number };

async function prepare({ admin }: CrashingMesh): Promise<void> {
  const documents = [
    { kind: "Domain", name: "shop" },
    { kind: "Cluster", name: "demo", domain: "shop", environment: "test", requiredApprovals: 0 },
    ...PLUGINS.map((name) => ({ kind: "Plugin", name, domain: "shop", owners: ["admin"] })),
    {
      kind: "Chain",
      cluster: "demo",
      entries: PLUGINS.map((plugin) => ({ plugin, timeout: "5s" })),
      deadlines: { request: "10s", response: "10s" },
    },
  ];
  await admin.call("applyDocument", { body: { documents } });
}

/** Uploads a version that sets `x-PLUGIN`, and releases it. */
async function release(
  { admin }: CrashingMesh,
  plugin: string,
  version: string,
  target: Target,
): Promise<void> {
  const script = `export default { execute: () => ({ headerSet: { "x-${plugin}": "${version}" } }) };`;
  const zip = taggerZip(plugin, version, script);
  await admin.upload({ plugin }, { name: "p.zip", size: zip.length, bytes: Readable.from([zip]) });
  const scheduledAt = new Date().toISOString();
  const body = { cluster: "demo", plugin, version, target, scheduledAt };
  const made = await admin.call("createRelease", { body });
  const state = target.kind === "full" ? "ACTIVE" : "GRAY";
  for await (const status of admin.watch("getRelease", { params: { release: made.release.id } }))
    if (status.release.state === state) return;
}

/** The node once it is ONLINE, has what it should have, and was heard so many times since. */
async function settled({ admin }: CrashingMesh): Promise<Node> {
  const heard = new Set<string | undefined>();
  // Being heard again is no change that a watch tells of.
  for (;;) {
    const node = await admin.call("getNode", { params: { node: "node-3" } });
    if (node.presence === "ONLINE" && node.sync === "SYNCED") heard.add(node.lastSeen);
    if (heard.size > HEARTBEATS) return node;
  }
}

const hashes = ({ resources: { stage, route, chain } }: Node): readonly unknown[] =>
  [stage, route, chain].map(({ wanted, acked }) => [wanted?.hash, acked?.hash]);

/** Resources that this life of the control plane has sent, of all types. */
async function sends({ plane }: CrashingMesh): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_SECRET}` };
  const scrape = parseExposition(await (await fetch(`${plane.baseUrl}/metrics`, { headers })).text());
  return [...scrape]
    .filter(([name]) => name.startsWith("sluice_cp_push_sent_total"))
    .reduce((sum, [, value]) => sum + value, 0);
}

test(
  "a control plane killed in the middle of two gray releases comes back, sends nothing, and the node loses nothing",
  { timeout: 180_000 },
  async () => {
    await using mesh = await CrashingMesh.create(new Random(randomInt(2 ** 31)));
    await mesh.plane.start();
    await prepare(mesh);
    const sidecar = await mesh.sidecar("node-3");
    await mesh.converged(1);
    for (const plugin of PLUGINS) await release(mesh, plugin, "1.0.0", { kind: "full" });
    await release(mesh, "guard", "1.1.0", { kind: "nodes", nodes: ["node-3"] });
    await release(mesh, "tagger", "1.1.0", { kind: "traffic", percentage: 50 });
    const before = await settled(mesh);
    expect(before.resources.chain.acked?.hash).toBeDefined();
    expect(await sends(mesh)).toBeGreaterThan(0);
    const plugins = async (): Promise<unknown> => (await sidecar.ask("/plugins")).json();
    const versions = ({ plugins: all }: Node): readonly string[] =>
      all.map(({ plugin, version, status }) => `${plugin}@${version} ${status}`).toSorted();
    const generations = async (): Promise<string> => {
      const { plugins: running } = (await plugins()) as { plugins: Record<string, unknown>[] };
      return JSON.stringify(running.map(({ name, version, generation }) => [name, version, generation]));
    };
    const chain = await generations();
    const seen = new Map<string, number>();
    const { inbound } = await sidecar.ready();
    await using traffic = new PacedTraffic(inbound, ({ status, headers }) => {
      const tags = PLUGINS.map((plugin) => headers.get(`x-${plugin}`)).join(" ");
      seen.set(tags, (seen.get(tags) ?? 0) + 1);
      return status === 200 ? undefined : `status ${status}`;
    });

    for (let restart = 0; restart < RESTARTS; restart++) {
      await mesh.plane.kill();
      await mesh.plane.start();
      const after = await settled(mesh);

      expect(hashes(after)).toEqual(hashes(before));
      expect(versions(after)).toEqual(versions(before));
      expect(await sends(mesh)).toBe(0);
      expect(await generations()).toBe(chain);
    }

    await traffic[Symbol.asyncDispose]();
    expect(traffic.problems).toEqual([]);
    expect(traffic.answers).toBeGreaterThan(RESTARTS * HEARTBEATS);
    // All of it is one client's, whose bucket is in the gray part or not: it was not moved.
    expect(["1.1.0 1.0.0", "1.1.0 1.1.0"]).toContain([...seen.keys()].join());
  },
);
