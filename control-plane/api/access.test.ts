import { Readable } from "node:stream";

import { afterAll, beforeAll, expect, test } from "vitest";

import { TestControlPlane } from "../../test/support/control-plane.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import { TestNode } from "../../test/support/test-node.ts";
import type { Endpoint } from "./contract/endpoint.ts";
import { ENDPOINTS } from "./contract/endpoints.ts";
import { API_PREFIX } from "./contract/prefix.ts";

const ENTRIES = Object.entries<Endpoint>(ENDPOINTS);
/** Well-formed names of things that are not there: who may ask is told so, and nothing happens. */
const NAMES: Readonly<Record<string, string>> = { release: "999", digest: "0".repeat(64), version: "9.9.9" };

let plane: TestControlPlane;

beforeAll(async () => {
  plane = await (await TestControlPlane.start()).withClusters();
});
afterAll(async () => plane[Symbol.asyncDispose]());

function ask({ method, path, body, upload }: Endpoint, token: string | undefined): Promise<Response> {
  const filled = path.replaceAll(/:([a-z]+)/g, (_, name: string) => NAMES[name] ?? "nothing");
  const json = body === undefined || upload === true ? {} : { body: "{}" };
  return fetch(`${plane.baseUrl}${API_PREFIX}${filled}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...("body" in json ? { "content-type": "application/json" } : {}),
    },
    ...json,
  });
}

test.for(ENTRIES)("%s answers nobody without a token, unless it needs no right", async ([, endpoint]) => {
  const response = await ask(endpoint, undefined);
  await response.body?.cancel();

  expect(response.status).toBe(endpoint.right === "none" ? 200 : 401);
});

test("a role where it is not given is refused, and the audit has it", async () => {
  // Its own: of one name only so many refusals are written in a minute.
  await using own = await (await TestControlPlane.start()).withClusters();
  const scope = { kind: "cluster", cluster: "demo" } as const;
  const scoped = own.client(await own.token("operator", scope));
  const entry = { params: { cluster: "other", plugin: "guard" }, body: {} };

  const elsewhere = scoped.call("putChainEntry", entry);

  await expect(elsewhere).rejects.toMatchObject({ code: "forbidden", status: 403 });
  const { items } = await own.admin.call("listAudit", {
    query: { actor: "operator", action: "chain.write" },
  });
  expect(items).toMatchObject([
    { outcome: "refused", changes: [], record: { kind: "chains", key: "other" } },
  ]);
});

test("who has a cluster sees nothing of the others", async () => {
  const viewer = plane.client(await plane.token("viewer", { kind: "cluster", cluster: "demo" }));

  const clusters = await viewer.call("listClusters");

  expect(clusters.items.map(({ name }) => name)).toEqual(["demo"]);
  await expect(viewer.call("getCluster", { params: { cluster: "other" } })).rejects.toMatchObject({
    status: 403,
  });
  // What is not there looks the same as what is not theirs.
  await expect(viewer.call("getCluster", { params: { cluster: "none" } })).rejects.toMatchObject({
    status: 403,
  });
});

test("a node downloads what was released to its cluster, people what their domain or cluster has", async () => {
  await using own = await (await TestControlPlane.start()).withClusters();
  const { admin } = own;
  const plugin = { name: "tagger", domain: "shop", description: "", owners: ["admin"] };
  await admin.call("putPlugin", { params: { plugin: "tagger" }, body: plugin });
  const zip = pluginZip();
  const file = { name: "t.zip", size: zip.length, bytes: Readable.from([zip]) };
  const { digest } = await admin.upload({ plugin: "tagger" }, file);
  const downloads = async (secret: string): Promise<boolean> => {
    const { status, body } = await fetch(`${own.baseUrl}${API_PREFIX}/artifacts/${digest}`, {
      headers: { authorization: `Bearer ${secret}` },
    });
    await body?.cancel();
    expect([200, 403]).toContain(status);
    return status === 200;
  };
  const nodes = new Map<string, string>();
  await using stack = new AsyncDisposableStack();
  for (const cluster of ["demo", "other"]) {
    const token = await own.token("node", { kind: "all" }, cluster);
    nodes.set(cluster, token);
    await stack.use(TestNode.greet(own.ports.push, cluster, { token, hello: { cluster } })).next("welcome");
  }
  await admin.call("putDomain", {
    params: { domain: "bank" },
    body: { name: "bank", description: "", versionApproval: false },
  });
  const people = new Map<string, string>();
  for (const scope of [
    { kind: "domain", domain: "shop" },
    { kind: "domain", domain: "bank" },
    { kind: "cluster", cluster: "demo" },
    { kind: "cluster", cluster: "other" },
  ] as const)
    people.set(Object.values(scope).join(" "), await own.token("developer", scope));
  const allowed = async (): Promise<readonly string[]> => {
    const secrets = [...people, ...[...nodes].map(([id, secret]) => [`node in ${id}`, secret] as const)];
    const names: string[] = [];
    for (const [name, secret] of secrets) if (await downloads(secret)) names.push(name);
    return names;
  };

  expect(await allowed()).toEqual(["domain shop"]);
  const wish = { cluster: "demo", plugin: "tagger", version: "1.0.0", target: { kind: "full" } } as const;
  await admin.call("createRelease", { body: wish });
  expect(await allowed()).toEqual(["domain shop", "cluster demo"]);
  await admin.call("bypassRelease", { params: { release: 1 }, body: { reason: "a test" } });
  await admin.call("downloadRelease", { params: { release: 1 } });
  expect(await allowed()).toEqual(["domain shop", "cluster demo", "node in demo"]);
  const { items } = await admin.call("listAudit", { query: { action: "artifact.download", limit: 100 } });
  expect(items).toContainEqual(expect.objectContaining({ outcome: "refused", actor: "other" }));
});

test("moving a cluster takes the right in both domains", async () => {
  const { admin } = plane;
  const bank = { name: "bank", description: "", versionApproval: false };
  await admin.call("putDomain", { params: { domain: "bank" }, body: bank });
  const operator = plane.client(await plane.token("operator", { kind: "domain", domain: "shop" }));
  const { revision: _, ...cluster } = await admin.call("getCluster", { params: { cluster: "demo" } });

  const moved = operator.call("putCluster", {
    params: { cluster: "demo" },
    body: { ...cluster, domain: "bank" },
  });

  await expect(moved).rejects.toMatchObject({ code: "forbidden" });
});

test("a token's secret is shown once and its hash never", async () => {
  const { token, secret } = await plane.admin.call("createToken", {
    body: { name: "ann", grants: [{ role: "viewer", scope: { kind: "all" } }] },
  });
  const everything = JSON.stringify([
    await plane.admin.call("listTokens"),
    await plane.admin.call("listAudit", { query: { limit: 1_000 } }),
  ]);

  expect(secret).toMatch(/^sluice_/);
  expect(token).not.toHaveProperty("hash");
  expect(everything).not.toContain(secret);
});
