import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { parse, parseAllDocuments } from "yaml";

import { CommandedMesh } from "../../test/support/commanded-mesh.ts";
import { TestNode } from "../../test/support/test-node.ts";
import { LISTINGS } from "../listings.ts";

// Every kind in every format, against a control plane that has something of each.

/** Where the API has the same; clusters have one chain each. */
const PATHS: Readonly<Record<string, string>> = {
  deliveries: "webhook-deliveries",
  chains: "clusters/demo/chain",
};
/** Kinds whose names the command describes. */
const DESCRIBED = ["plugins", "releases", "nodes", "clusters"];
const DEMO = ["--cluster", "demo"] as const;

let mesh: CommandedMesh;
let node: TestNode;
beforeAll(async () => {
  const environment = { WEBHOOK_SECRET: "0123456789abcdef" };
  mesh = await CommandedMesh.start({ environment, settings: { alarmInterval: 20, releaseWaitingAfter: 1 } });
  const { plane } = mesh;
  const token = await plane.token("node", { kind: "all" }, "web-1");
  node = TestNode.greet(plane.ports.push, "web-1", { token, hello: { cluster: "demo" } });
  await node.next("welcome");
  // Nothing listens there: what it should hear, of a release that waits, waits too.
  const secret = { fromEnv: "WEBHOOK_SECRET" };
  const hook = { id: "ops", url: "http://127.0.0.1:1/", kinds: [], secret, enabled: true };
  await plane.admin.call("putWebhook", { params: { webhook: "ops" }, body: hook });
  await mesh.sluice("plugin", "enable", "tagger", ...DEMO);
  await mesh.sluice("release", "create", "tagger@1.0.0", ...DEMO, "--full");
  const silence = ["--until", "+1h", "--reason", "a test", ...DEMO, "--kind", "plugin-failing"];
  await mesh.sluice("silence", "create", ...silence);
  for await (const { items } of plane.admin.watch("listAlarms", {})) if (items.length > 0) break;
  await vi.waitUntil(async () => (await answered("deliveries")).length > 0);
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await mesh[Symbol.asyncDispose]();
});

/** What the API says, of all that there is. */
async function answered(kind: string): Promise<readonly unknown[]> {
  const headers = { authorization: `Bearer ${mesh.token}` };
  const answer = await fetch(`${mesh.plane.baseUrl}/api/v1/${PATHS[kind] ?? kind}`, { headers });
  const said = (await answer.json()) as { readonly items?: readonly unknown[] };
  return said.items ?? [said];
}

async function printed(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await mesh.sluice(...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
  return stdout;
}

/** Of a document: what `apply` does not take is left out, and what only it takes. */
function withoutForm(value: unknown): unknown {
  const { apiVersion: _, kind: __, revision: ___, ...members } = value as Readonly<Record<string, unknown>>;
  return members;
}

const KINDS = LISTINGS.map(({ kind }) => kind);
const hasDocuments = (kind: string): boolean =>
  ["domains", "clusters", "plugins", "chains", "webhooks"].includes(kind);

test.for(KINDS)("%s as JSON are what the API says", async (kind) => {
  const items = await answered(kind);
  expect(items.length).toBeGreaterThan(0);

  expect(JSON.parse(await printed("get", kind, "-o", "json"))).toEqual(items);
});

test.for(KINDS)("%s as YAML are the same as JSON, or documents of it", async (kind) => {
  const items = JSON.parse(await printed("get", kind, "-o", "json")) as unknown[];
  const text = await printed("get", kind, "-o", "yaml");

  if (!hasDocuments(kind)) return expect(parse(text)).toEqual(items);
  const documents = parseAllDocuments(text) as readonly { toJS(): unknown }[];
  return expect(documents.map((each) => withoutForm(each.toJS()))).toEqual(items.map(withoutForm));
});

test.for(KINDS)(
  "%s as tables are lines of columns, wide ones of more; no colour where nobody sees it",
  async (kind) => {
    const items = await answered(kind);
    const [table, wide] = [await printed("get", kind), await printed("get", kind, "-o", "wide")];

    for (const text of [table, wide]) {
      const lines = text.split("\n");
      expect(lines).toHaveLength(items.length + 2);
      expect(lines[0]).toMatch(/^[A-Z-]+( {3,}[A-Z-]+)*$/);
      expect(text).not.toMatch(/[\u001b\u009b]/);
    }
    const headings = table.split("\n")[0]?.split(/ {3,}/) ?? [];
    expect(wide.split("\n")[0]?.split(/ {3,}/)).toEqual(expect.arrayContaining(headings));
  },
);

test.for(KINDS)("names of %s are what get takes, in every form", async (kind) => {
  const lines = (await printed("get", kind, "-o", "name")).trimEnd().split("\n");
  expect(lines).toHaveLength((await answered(kind)).length);

  for (const line of lines.slice(0, 2)) {
    const [word, name] = [line.slice(0, line.indexOf("/")), line.slice(line.indexOf("/") + 1)];
    const one = await printed("get", line, "-o", "json");
    expect(Array.isArray(JSON.parse(one))).toBe(false);
    expect(await printed("get", word, name, "-o", "json")).toBe(one);
    expect(await printed("get", kind, line, "-o", "json")).toBe(one);
    expect(await printed("get", line, "-o", "name")).toBe(`${line}\n`);
  }
});

test.for(DESCRIBED)("%s are described by each of their names", async (kind) => {
  const [line = ""] = (await printed("get", kind, "-o", "name")).split("\n");
  const [word = "", name = ""] = line.split("/");

  const text = await printed("describe", line);

  expect(text).toContain(name);
  expect(text).not.toMatch(/[\u001b\u009b]/);
  // Ages may differ by a second.
  const timeless = (said: string): string => said.replaceAll(/\d+[smhd]\b/g, "-");
  expect(timeless(await printed("describe", word, name))).toBe(timeless(text));
});

test("names are what other commands take", async () => {
  const named = async (kind: string): Promise<string> => (await printed("get", kind, "-o", "name")).trimEnd();

  const status = await mesh.sluice("release", "status", await named("releases"), "-o", "name");
  expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining("release/1\n") as string });
  expect(await printed("plugin", "disable", "plugin/tagger", ...DEMO)).toMatch(/^tagger +off/m);
  expect(await printed("silence", "delete", await named("silences"))).toMatch(/^silence\/[\w-]+ ended\n$/);
  const { token } = await mesh.plane.admin.call("createToken", {
    body: { name: "ann", grants: [{ role: "viewer", scope: { kind: "all" } }] },
  });
  expect(await printed("token", "revoke", `token/${token.id}`)).toBe(`token/${token.id} revoked\n`);
});

test.for([
  [["get", "nodse/web-1"], 'there is nothing called nodse, did you mean "nodes"?'],
  [["get", "node/web-1", "web-2"], "node/web-1 is one thing already: web-2 is one too many"],
  [["describe", "silence/7"], "there is nothing called silence to describe"],
  [["describe", "nodse", "web-1"], 'there is nothing called nodse to describe, did you mean "node"?'],
  [["describe"], "describe what? There are plugin, release, node, cluster"],
  [["release", "status", "node/7"], "expected the number of a release such as 7"],
] as const)("%j is told what there is", async ([args, told]) => {
  const { code, stderr } = await mesh.sluice(...args);

  expect([code, stderr]).toEqual([2, expect.stringContaining(told)]);
});
