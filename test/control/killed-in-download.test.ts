import { randomBytes } from "node:crypto";
import { watch } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import { TestApp } from "../support/app.ts";
import { chainOf, ControlMesh } from "../support/control-mesh.ts";
import { ControlledSidecar } from "../support/controlled-sidecar.ts";
import { fixedPort } from "../support/fixed-port.ts";
import { PacedTraffic } from "../support/paced-traffic.ts";
import { manifestText, rawZip, type RawEntry } from "../support/plugin-packages.ts";

/** So many that unpacking takes a while. */
const FILES = 200;
const KIB = 1024;

interface Made {
  readonly version: string;
  readonly zip: Buffer;
  /** Files by path. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** A package of `tagger` that marks answers with its version, and says when it is being loaded. */
function made(version: string): Made {
  const script = `export default {
    init({ log }) { log.info("init of ${version} has begun"); },
    execute: () => ({ headerSet: { "x-tag": "${version}" } }) };`;
  const manifest = manifestText({ version, positions: ["response"] });
  const entries: (RawEntry & { readonly name: string; readonly content: string | Buffer })[] = [
    { name: "tagger/plugin.yaml", content: manifest },
    { name: "tagger/bin/plugin.js", content: script },
    ...Array.from({ length: FILES }, (_, index) => ({
      name: `tagger/data/${index}`,
      content: randomBytes(4 * KIB),
    })),
  ];
  const files = new Map(entries.map(({ name, content }) => [name, Buffer.from(content as Buffer)]));
  return { version, zip: rawZip(entries), files };
}

/** A moment in the life of a package on a node; resolves when the node was killed in it. */
type Kill = (mesh: ControlMesh, sidecar: ControlledSidecar, part: Part) => Promise<void>;
interface Part extends Made {
  readonly digest: string;
}

const end = async ({ child }: ControlledSidecar): Promise<void> => void (await child.end("SIGKILL"));

/** The body breaks off there, and the node waits for the rest. */
const inBody =
  (share: number): Kill =>
  async (mesh, sidecar, { zip, digest }) => {
    const bytes = Math.floor(zip.length * share);
    mesh.plane.intercept = (_request, response) => {
      response.writeHead(200, { "content-length": zip.length });
      response.write(zip.subarray(0, bytes));
      return true;
    };
    const path = sidecar.path("downloads", `${digest}.part`);
    while (((await stat(path).catch(() => undefined))?.size ?? 0) < bytes) await setImmediate();
    await end(sidecar);
    mesh.plane.intercept = undefined;
  };

/** The file of the download has all bytes. */
const downloaded: Kill = async (_mesh, sidecar, { zip, digest }) => {
  const path = sidecar.path("downloads", `${digest}.part`);
  while (((await stat(path).catch(() => undefined))?.size ?? 0) < zip.length) await setImmediate();
  await end(sidecar);
};

/** The first event in the folder of packages whose name fits, and then so many unpacked files. */
const inUnpacking =
  (fits: (name: string, digest: string) => boolean, files: number): Kill =>
  async (_mesh, sidecar, { digest }) => {
    const folder = sidecar.path("packages");
    const seen = Promise.withResolvers<string>();
    using _ = { [Symbol.dispose]: () => watcher.close() };
    const watcher = watch(folder, (_event, name) => {
      if (name !== null && fits(name, digest)) seen.resolve(name);
    });
    const name = await seen.promise;
    const unpacked = async (): Promise<number> =>
      (await readdir(join(folder, name, "tagger", "data")).catch(() => [])).length;
    const published = async (): Promise<boolean> => (await readdir(folder)).includes(digest);
    while (!(await published()) && (await unpacked()) < files) await setImmediate();
    await end(sidecar);
  };

const isUnpacking = (name: string): boolean => name.startsWith(".unpacking-");

/** Every package in the cache that has a digest's name has each file of it, byte for byte, and no other. */
async function expectWhole(folder: string, known: readonly Part[]): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue;
    const part = known.find(({ digest }) => digest === name);
    const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
    const paths = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
    const short = paths.map((path) => path.slice(join(folder, name).length + 1));
    expect(short.toSorted()).toEqual([...part!.files.keys()].toSorted());
    for (const [index, path] of paths.entries())
      expect((await readFile(path)).equals(part!.files.get(short[index]!)!)).toBe(true);
  }
}

test(
  "a node that is killed at any point of a download, an unpacking or an activation has a whole package or none, and goes on",
  { timeout: 240_000 },
  async () => {
    await using mesh = await ControlMesh.create();
    await using app = await TestApp.start();
    const dead = await fixedPort();
    const known: Part[] = [];
    const publish = (version: string): Part => {
      const each = made(version);
      const part = { ...each, digest: mesh.plane.publish("tagger", version, each.zip).digest };
      known.push(part);
      return part;
    };
    const packages = (): object[] =>
      known.slice(-2).map(({ version, digest, zip }) => {
        return { plugin: "tagger", version, digest, size: zip.length };
      });
    /** A life with the control plane in which the version comes into force; its sidecar goes on. */
    const takes = async ({ version }: Part): Promise<ControlledSidecar> => {
      const sidecar = mesh.start();
      const node = await mesh.plane.connected();
      await node.push("stage", { packages: packages() });
      await node.until(({ stage }) => stage?.version === version && stage.state === "LOADABLE");
      const answer = await node.push("chain", chainOf({ plugin: "tagger", version, timeout: "2s" }));
      expect(answer.kind).toBe("ack");
      const got = await sidecar.get();
      expect([got.status, got.headers.get("x-tag")]).toEqual([200, version]);
      return sidecar;
    };
    /** A life without it, in which what was in force before serves. */
    const servesAlone = async (version: string): Promise<void> => {
      const settings = { ...mesh.plane.settings, controlPlane: `127.0.0.1:${dead}` };
      await using alone = new ControlledSidecar({ settings }, mesh.state, app.port);
      const got = await alone.get();
      expect([got.status, got.headers.get("x-tag")]).toEqual([200, version]);
    };
    const first = await takes(publish("1.0.0"));
    const folder = first.path("packages");
    await end(first);
    const kills: readonly Kill[] = [
      inBody(0.5),
      inBody(0.99),
      downloaded,
      inUnpacking(isUnpacking, FILES / 2),
      inUnpacking((name, digest) => name === digest, 0),
    ];

    let inForce = "1.0.0";
    for (const [index, kill] of kills.entries()) {
      const part = publish(`1.${index + 1}.0`);
      const sidecar = mesh.start();
      const node = await mesh.plane.connected();
      const killed = kill(mesh, sidecar, part);
      node.push("stage", { packages: packages() }).catch(() => undefined);
      await killed;
      await expectWhole(folder, known);
      await servesAlone(inForce);
      await expectWhole(folder, known);
      await end(await takes(part));
      await expectWhole(folder, known);
      inForce = part.version;
    }

    // In the activation, while traffic runs.
    const part = publish("2.0.0");
    const sidecar = mesh.start();
    const node = await mesh.plane.connected();
    await node.push("stage", { packages: packages() });
    await node.until(({ stage }) => stage?.version === part.version && stage.state === "LOADABLE");
    const { inbound } = await sidecar.ready();
    const tags: (string | null)[] = [];
    let living = true;
    {
      await using traffic = new PacedTraffic(inbound, ({ status, headers }) => {
        if (living) tags.push(headers.get("x-tag"));
        return status === 200 || !living ? undefined : `status ${status}`;
      });
      while (traffic.answers < 3) await setImmediate();
      const chain = chainOf({ plugin: "tagger", version: part.version, timeout: "2s" });
      node.push("chain", chain).catch(() => undefined);
      await sidecar.child.line(/init of 2\.0\.0 has begun/);
      expect(traffic.problems).toEqual([]);
      living = false;
      await end(sidecar);
    }
    for (const tag of tags) expect([inForce, part.version]).toContain(tag);
    await expectWhole(folder, known);
    const settings = { ...mesh.plane.settings, controlPlane: `127.0.0.1:${dead}` };
    {
      await using alone = new ControlledSidecar({ settings }, mesh.state, app.port);
      const got = await alone.get();
      expect(got.status).toBe(200);
      // Either the swap was on the disk or it was not; never a chain with neither.
      expect([inForce, part.version]).toContain(got.headers.get("x-tag"));
    }
    await end(await takes(part));
    await expectWhole(folder, known);
  },
);
