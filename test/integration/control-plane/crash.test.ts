import { createHash, randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { expect, test } from "vitest";

import type { RecordChange } from "../../../control-plane/model/audit.ts";
import { Random } from "../../fuzz-h1/random.ts";
import { follow, type Acknowledged, type Lane } from "../../support/crash-lane.ts";
import { CrashingMesh } from "../../support/crashing-mesh.ts";
import { PacedTraffic } from "../../support/paced-traffic.ts";
import type { ReleaseLane } from "../../support/release-lane.ts";
import { ReplayedStore } from "../../support/replayed-store.ts";

const KILLS = 50;
/** Of them, while the control plane makes its store. */
const FIRST_KILLS = 5;
/** Every so many kills it is given no time to start; and nodes are given time to come back. */
const EVERY = 15;
/** Steps of releases that are acknowledged in one life, and ms from the last of these to the kill. */
const MOST_STEPS = 4;
const LONGEST_MOMENT = 80;
/** ms in which it starts, more or less. */
const STARTING = 900;

/** What may be in the control plane's folder while nothing is under way. */
const KEPT =
  /^(store\.sqlite(-wal|-shm)?|lock\.sqlite(-journal)?|owner\.pid|artifacts\/[0-9a-f]{2}\/[0-9a-f]{64})$/;

/** One life of the control plane in which everybody works, until it is killed. What was acknowledged. */
async function live(mesh: CrashingMesh, lanes: readonly Lane[], random: Random): Promise<Acknowledged[]> {
  const acknowledged: Acknowledged[] = [];
  let steps = 1 + random.below(MOST_STEPS);
  const moment = random.below(LONGEST_MOMENT);
  const enough = Promise.withResolvers<void>();
  const gone = new AbortController();
  const note = (each: Acknowledged): void => {
    acknowledged.push(each);
    if (/^(releases|versions) /.test(each.record) && --steps === 0) enough.resolve();
  };
  const working = Promise.all(lanes.map((lane) => follow(lane, gone.signal, note)));
  await Promise.race([enough.promise, working]);
  // A random moment in what is under way now, not the end of anything that could be waited for.
  await setTimeout(moment);
  await mesh.plane.kill();
  gone.abort();
  await working;
  return acknowledged;
}

/** What was acknowledged and is not there; and changes that nobody asked for, or that were asked for long ago. */
function missed(
  store: ReplayedStore,
  acknowledged: readonly Acknowledged[],
  lanes: readonly Lane[],
  since: number,
): readonly string[] {
  const ticks = new Set(acknowledged.map(({ revision }) => revision));
  const lost = acknowledged.filter((each) => !isThere(store, each));
  const unknown = store.events.slice(since).filter(({ tick }) => !ticks.has(tick));
  const ofLanes = lanes.map(({ actors }) => unknown.filter(({ actor }) => actors.includes(actor)));
  const deletions = acknowledged.filter(({ revision }) => revision === undefined).length;
  return [
    ...lost.map(({ record, revision }) => `lost: ${record} of revision ${revision}`),
    ...(ofLanes.flat().length > lanes.length + deletions
      ? [
          `changes that nobody was answered for: ${ofLanes
            .flat()
            .map(({ action }) => action)
            .join()}`,
        ]
      : []),
  ];
}

function isThere(store: ReplayedStore, { record, revision, state }: Acknowledged): boolean {
  if (revision === undefined) return store.record(record) === undefined;
  const isOf = ({ kind, key }: RecordChange): boolean => `${kind} ${key}` === record;
  const after = store.events[revision - 1]?.changes.find(isOf)?.after as
    | { readonly revision: number; readonly state?: string }
    | undefined;
  return after?.revision === revision && (state === undefined || after.state === state);
}

/** Files that should not be there, and packages without a version or the other way round. */
async function misplaced(mesh: CrashingMesh, store: ReplayedStore): Promise<readonly string[]> {
  const files = await mesh.files();
  const packages = files.filter((file) => file.startsWith("artifacts/")).map((file) => file.slice(-64));
  const digests = store.versions.map(({ digest }) => digest);
  return [
    ...files.filter((file) => !KEPT.test(file)).map((file) => `left over: ${file}`),
    ...packages.filter((each) => !digests.includes(each)).map((each) => `a package without version: ${each}`),
    ...digests.filter((each) => !packages.includes(each)).map((each) => `a version without package: ${each}`),
  ];
}

async function damaged(mesh: CrashingMesh, store: ReplayedStore): Promise<readonly string[]> {
  const damaged: string[] = [];
  for (const { digest } of store.versions) {
    const bytes = await readFile(join(mesh.plane.folder, "artifacts", digest.slice(0, 2), digest));
    if (createHash("sha256").update(bytes).digest("hex") !== digest) damaged.push(digest);
  }
  return damaged;
}

/** Works until the newest release of the lane is DONE; its version. */
async function finish(lane: ReleaseLane): Promise<string> {
  const { signal } = new AbortController();
  for (;;) {
    const newest = await lane.newest();
    if (newest?.state === "DONE") return newest.version;
    await lane.step(signal);
  }
}

test(
  `killed ${KILLS} times at random points, the control plane loses nothing, halves nothing, and nodes go on`,
  { timeout: 600_000 },
  async ({ onTestFailed }) => {
    const seed = Number(process.env["CONTROL_PLANE_CRASH_SEED"] ?? randomInt(2 ** 31));
    onTestFailed(() => console.error(`again with the same points: CONTROL_PLANE_CRASH_SEED=${seed}`));
    const random = new Random(seed);
    await using mesh = await CrashingMesh.create(random);
    const { plane } = mesh;
    const store = new ReplayedStore();

    for (let kill = 0; kill < FIRST_KILLS; kill++) {
      plane.spawn();
      await setTimeout(random.below(STARTING));
      await plane.kill();
      expect(await mesh.readStore(store)).toEqual([]);
    }
    await plane.start();
    const { lanes } = await mesh.populate();
    const [catalogue, , demo] = lanes;
    await finish(demo);
    await plane.kill();
    expect(await mesh.readStore(store)).toEqual([]);
    await plane.start();
    const nodes = [await mesh.node("node-1"), await mesh.node("node-2")];
    const sidecar = await mesh.sidecar("node-3");
    const { inbound } = await sidecar.ready();
    await mesh.converged(3);
    await using traffic = new PacedTraffic(inbound, ({ status, headers }) => {
      const tag = headers.get("x-tag");
      return status === 200 && tag !== null ? undefined : `${status} with tag ${tag}`;
    });
    let changes = 0;

    for (let kill = FIRST_KILLS; kill < KILLS; kill++) {
      const since = store.events.length;
      const early = kill % EVERY === 0;
      if (early) {
        await plane.kill();
        plane.spawn();
        await setTimeout(random.below(STARTING));
        await plane.kill();
      }
      const acknowledged = early ? [] : await live(mesh, lanes, random);
      changes += acknowledged.length;
      const problems = await mesh.readStore(store);
      expect([...problems, ...missed(store, acknowledged, lanes, since)]).toEqual([]);

      await plane.start();
      expect(await misplaced(mesh, store)).toEqual([]);
      if (kill % EVERY === 1) await mesh.converged(3);
    }

    const last = await finish(demo);
    await mesh.converged(3);
    expect(nodes.flatMap(({ losses }) => losses)).toEqual([]);
    for (const node of nodes) {
      expect(node.running).toEqual([`tagger@${last}`]);
      expect(node.connections).toBeGreaterThan(KILLS / EVERY);
    }
    expect((await sidecar.get()).headers.get("x-tag")).toBe(last);
    await traffic[Symbol.asyncDispose]();
    expect(traffic.problems).toEqual([]);
    expect(traffic.answers).toBeGreaterThan(KILLS);

    await plane.kill();
    const whole = new ReplayedStore();
    expect(await mesh.readStore(whole)).toEqual([]);
    expect(whole.events.slice(0, store.events.length)).toEqual(store.events);
    expect(changes).toBeGreaterThan(2 * KILLS);
    for (const cluster of ["demo", "lab"])
      expect(whole.releases.filter((release) => release.cluster === cluster).length).toBeGreaterThan(2);
    expect(await damaged(mesh, whole)).toEqual([]);
    await plane.start();
    for (const [id, secret] of catalogue.secrets) {
      const self = mesh.client(secret).call("whoAmI");
      if (catalogue.revoked.has(id)) await self.catch(() => undefined);
      else expect((await self).id).toBe(id);
    }
  },
);
