import { readdir, readFile, writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { chainOf, ControlMesh } from "../support/control-mesh.ts";
import { taggerZip, type ControlledSidecar } from "../support/controlled-sidecar.ts";
import { ScriptedControlPlane, type NodeStream } from "../support/scripted-control-plane.ts";

const TIMEOUT = 120_000;

/** Brings `tagger` in these versions onto the node, the first one into its chain. */
async function bring(mesh: ControlMesh, node: NodeStream, ...versions: readonly string[]): Promise<void> {
  const packages = versions.map((version) =>
    mesh.plane.publish("tagger", version, taggerZip("tagger", version)),
  );
  await node.push("stage", { packages });
  for (const version of versions)
    await node.until(({ stage }) => stage?.version === version && stage.state === "LOADABLE");
  await node.push("chain", chainOf({ plugin: "tagger", version: versions[0] }), { tick: 5 });
}

const tagOf = async (sidecar: ControlledSidecar): Promise<string | null> =>
  (await sidecar.get()).headers.get("x-tag");

test(
  "without its control plane a node starts from disk, says so, and comes back to it with what it has",
  async () => {
    await using mesh = await ControlMesh.create();
    const first = mesh.start();
    await bring(mesh, await mesh.plane.connected(), "1.0.0");
    await first.child.end("SIGKILL");
    await mesh.plane[Symbol.asyncDispose]();

    const second = mesh.start();
    expect(await tagOf(second)).toBe("1.0.0");
    expect(await second.metric('sluice_config_source{source="disk"}')).toBe(1);
    expect(await second.metric('sluice_config_tick{source="disk"}')).toBe(5);
    expect(await second.metric("sluice_control_plane_connected")).toBe(0);
    const ready = (await (await second.ask("/ready")).json()) as { ready: boolean; note: string };
    expect(ready).toMatchObject({ ready: true, note: expect.stringMatching(/from disk/) });
    const dump = (await (await second.ask("/config_dump")).json()) as { controlPlane: object };
    expect(dump.controlPlane).toMatchObject({ source: "disk", connected: false, tick: 5 });

    await using back = await ScriptedControlPlane.start({ port: mesh.plane.port });
    const { hello } = await back.connected();
    expect(hello.inForce.map(({ type }) => type)).toEqual(["STAGE", "CHAIN"]);
    expect(hello.staged).toMatchObject([{ plugin: "tagger", version: "1.0.0" }]);
  },
  TIMEOUT,
);

test(
  "a snapshot that was torn leaves the one before it",
  async () => {
    await using mesh = await ControlMesh.create();
    const first = mesh.start();
    const node = await mesh.plane.connected();
    await bring(mesh, node, "1.0.0", "1.1.0");
    await node.push("chain", chainOf({ plugin: "tagger", version: "1.1.0" }));
    await first.child.end("SIGKILL");
    const files = ["snapshot-a.json", "snapshot-b.json"].map((name) => first.path(name));
    const texts = await Promise.all(files.map((path) => readFile(path, "utf8")));
    const newest = texts.findIndex((text) =>
      text.includes('"entries":[{"plugin":"tagger","version":"1.1.0"}]'),
    );
    await writeFile(files[newest] ?? "", texts[newest]?.slice(0, -20) ?? "");
    await mesh.plane[Symbol.asyncDispose]();

    expect(await tagOf(mesh.start())).toBe("1.0.0");
  },
  TIMEOUT,
);

test(
  "a node killed in the middle of a download goes on with it in its next life",
  async () => {
    await using mesh = await ControlMesh.create();
    const padding = `// ${"x".repeat(40_000)}${Math.random()}`;
    const zip = taggerZip("tagger", "1.0.0", `${padding}\nexport default { execute() {} };`);
    const wanted = mesh.plane.publish("tagger", "1.0.0", zip);
    const half = Promise.withResolvers<void>();
    mesh.plane.intercept = (_request, response) => {
      response.writeHead(200, { "content-length": zip.length });
      response.write(zip.subarray(0, 100), () => half.resolve());
      return true;
    };
    const first = mesh.start();
    void (await mesh.plane.connected()).push("stage", { packages: [wanted] }).catch(() => {});
    await half.promise;
    await untilSize(first.path("downloads", `${wanted.digest}.part`), 100);
    await first.child.end("SIGKILL");
    mesh.plane.intercept = undefined;
    expect(await readdir(first.path("packages")).catch(() => [])).toEqual([]);

    mesh.start();
    const node = await mesh.plane.connected();
    await node.push("stage", { packages: [wanted] });
    await node.staged("tagger", "LOADABLE");
    expect(mesh.plane.requests).toEqual([`GET ${wanted.digest}`, `GET ${wanted.digest} bytes=100-`]);
  },
  TIMEOUT,
);

test(
  "a node killed while a plugin is activated starts with what was in force before",
  async () => {
    await using mesh = await ControlMesh.create();
    const first = mesh.start();
    const node = await mesh.plane.connected();
    await bring(mesh, node, "1.0.0");
    const slow = `export default {
      init({ log }) { log.info("init has begun"); return new Promise(() => {}); }, execute() {} };`;
    const next = mesh.plane.publish("slow", "1.0.0", taggerZip("slow", "1.0.0", slow));
    const tagger = mesh.plane.publish("tagger", "1.0.0", taggerZip("tagger", "1.0.0"));
    await node.push("stage", { packages: [tagger, next] });
    await node.staged("slow", "LOADABLE");
    const answered = node.push(
      "chain",
      chainOf({ plugin: "tagger", version: "1.0.0" }, { plugin: "slow", version: "1.0.0" }),
    );
    answered.catch(() => {});
    await first.child.line(/init has begun/);
    await first.child.end("SIGKILL");
    await mesh.plane[Symbol.asyncDispose]();

    const second = mesh.start();
    expect(await tagOf(second)).toBe("1.0.0");
    const { plugins } = (await (await second.ask("/plugins")).json()) as { plugins: { name: string }[] };
    expect(plugins.map(({ name }) => name)).toEqual(["tagger"]);
  },
  TIMEOUT,
);

test(
  "what lies among the packages and was never released is reported and not loaded",
  async () => {
    await using mesh = await ControlMesh.create();
    const first = mesh.start();
    const node = await mesh.plane.connected();
    await bring(mesh, node, "1.0.0", "1.1.0");
    await first.child.end("SIGKILL");
    // As if somebody else had put it there: the node's own memory of it is gone.
    for (const name of ["snapshot-a.json", "snapshot-b.json"]) await writeFile(first.path(name), "");

    mesh.start();
    const again = await mesh.plane.connected();
    expect(again.hello).toMatchObject({ inForce: [], staged: [] });
    const { status } = await again.reported("tagger", "ALIEN");
    expect(status?.plugins.map(({ version, state }) => `${version} ${state}`).toSorted()).toEqual([
      "1.0.0 ALIEN",
      "1.1.0 ALIEN",
    ]);
  },
  TIMEOUT,
);

test(
  "a package that could not be loaded is not offered by the next life, which finds the same and serves what it had",
  async () => {
    await using mesh = await ControlMesh.create();
    const first = mesh.start();
    const node = await mesh.plane.connected();
    await bring(mesh, node, "1.0.0");
    const script = `throw new Error("boom at load");\nexport default { execute() {} };`;
    const packages = [
      mesh.plane.publish("tagger", "1.0.0", taggerZip("tagger", "1.0.0")),
      mesh.plane.publish("tagger", "2.0.0", taggerZip("tagger", "2.0.0", script)),
    ];
    await node.push("stage", { packages });
    expect(await node.staged("tagger", "INVALID")).toContain("boom at load");

    // Another stage that names it, of which nothing is tried but what is new.
    const other = mesh.plane.publish("other", "1.0.0", taggerZip("other", "1.0.0"));
    await node.push("stage", { packages: [...packages, other] });
    await node.staged("other", "LOADABLE");
    const said = node.messages.flatMap(({ stage }) => (stage?.version === "2.0.0" ? [stage.state] : []));
    expect(new Set(said.slice(said.indexOf("INVALID")))).toEqual(new Set(["INVALID"]));
    await first.child.end("SIGKILL");

    const second = mesh.start();
    const again = await mesh.plane.connected();
    expect(again.hello.staged.map(({ plugin, version }) => `${plugin} ${version}`).toSorted()).toEqual([
      "other 1.0.0",
      "tagger 1.0.0",
    ]);
    expect(await again.staged("tagger", "INVALID")).toContain("boom at load");
    expect(again.messages.some(({ stage }) => stage?.state === "LOADABLE")).toBe(false);
    expect(await tagOf(second)).toBe("1.0.0");
  },
  TIMEOUT,
);

/** Looks again and again until the file has so many bytes. */
async function untilSize(path: string, bytes: number): Promise<void> {
  while ((await readFile(path).catch(() => Buffer.alloc(0))).length < bytes);
}
