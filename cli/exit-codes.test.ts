import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import type { CalledCommand } from "../test/support/called-command.ts";
import { calledCommand } from "../test/support/called-command.ts";
import { Child } from "../test/support/child.ts";
import { CommandedMesh } from "../test/support/commanded-mesh.ts";
import { fixedPort } from "../test/support/fixed-port.ts";
import { TestNode } from "../test/support/test-node.ts";
import { EXIT_CODES, type ExitName } from "./exit-codes.ts";

const DEMO = ["--cluster", "demo"] as const;
type Ended = Pick<CalledCommand, "code" | "stderr">;

async function withRelease(mesh: CommandedMesh): Promise<CommandedMesh> {
  await mesh.sluice("release", "create", "tagger@1.0.0", ...DEMO, "--full");
  return mesh;
}

/** A node with something on its way to it. */
async function withNode({ plane }: CommandedMesh): Promise<TestNode> {
  const token = await plane.token("node", { kind: "all" }, "web-1");
  return TestNode.greet(plane.ports.push, "web-1", { token, hello: { cluster: "demo" } });
}

/** How each of them comes about, and a word of what is said then. */
const OCCASIONS: Readonly<Record<ExitName, (mesh: CommandedMesh) => Promise<readonly [Ended, string]>>> = {
  done: async (mesh) => [await mesh.sluice("get", "clusters"), ""],
  failed: async (mesh) => [await mesh.sluice("apply", "-f", "nope.yaml"), "no such file"],
  usage: async (mesh) => [await mesh.sluice("get", "nodse"), "did you mean"],
  refused: async (mesh) => [await calledCommand(mesh.place("sluice_wrong"), "get", "nodes"), "token"],
  notFound: async (mesh) => [await mesh.sluice("get", "cluster", "dmeo"), 'did you mean "demo"?'],
  conflict: async (mesh) => [
    await (await withRelease(mesh)).sluice("release", "activate", "1"),
    "release approve 1",
  ],
  unreachable: async (mesh) => {
    const place = { ...mesh.place("sluice_x"), server: `http://127.0.0.1:${await fixedPort()}` };
    return [await calledCommand(place, "get", "nodes"), "nothing listens there"];
  },
  unsettled: async (mesh) => {
    await using node = await withNode(mesh);
    await node.next("resource");
    return [await mesh.sluice("wait", ...DEMO, "--timeout", "50ms"), ""];
  },
  nodesFailed: async (mesh) => {
    await using node = await withNode(mesh);
    const first = await node.next("resource");
    const waiting = mesh.sluice("wait", ...DEMO);
    node.nack(first);
    for (let refused = 1; refused < 3; refused++) node.nack(await node.next("resource"));
    return [await waiting, ""];
  },
  differs: async (mesh) => {
    await mesh.plane.folder.write("pay.yaml", "{ kind: Domain, name: pay }");
    return [await mesh.sluice("diff", "-f", "pay.yaml"), ""];
  },
  killed: async (mesh) => {
    const config = await mesh.plane.folder.write("mesh.yaml", "{ apiVersion: sluice/v1, kind: Mesh }");
    const sluice = fileURLToPath(new URL("sluice.js", import.meta.url));
    const ports = ["app", "inbound", "outbound", "admin"].flatMap((name) => [`--${name}`, "127.0.0.1:0"]);
    await using child = new Child(process.execPath, [sluice, "up", "--config", config, ...ports]);
    const [, pid] = await child.line(/"pid":(\d+),"msg":"ready"/);
    const ended = once(child.process, "close");
    process.kill(Number(pid), "SIGKILL");
    await ended;
    return [{ code: child.process.exitCode ?? -1, stderr: child.output }, "SIGKILL"];
  },
  waits: async (mesh) => [
    await (await withRelease(mesh)).sluice("release", "status", "1", "-w"),
    "waits for 1 more approval",
  ],
};

test.for(Object.keys(OCCASIONS) as ExitName[])("exit code for %s: it is what really comes", async (name) => {
  await using mesh = await CommandedMesh.start();

  const [{ code, stderr }, said] = await OCCASIONS[name](mesh);

  expect([code, stderr]).toEqual([EXIT_CODES[name].code, expect.stringContaining(said)]);
});

test("every exit code that is documented is another one, and docs/command.md has them all", () => {
  const page = readFileSync(new URL("../docs/command.md", import.meta.url), "utf8");
  const documented = [...page.matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code));

  expect(documented).toEqual(Object.values(EXIT_CODES).map(({ code }) => code));
  expect(new Set(documented).size).toBe(documented.length);
});
