import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { TestControlPlane } from "../../test/support/control-plane.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { TestNode } from "../../test/support/test-node.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import type { ApiClient } from "./contract/client.ts";

test("a plugin's way in: made, uploaded, approved, in a chain, released, and downloaded by its digest", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  const { admin } = plane;
  const approver = plane.client(await plane.token("approver"));
  await makePlugin(admin);
  const zip = pluginZip();

  const version = await upload(admin, zip);
  const approved = await approver.call("approveVersion", {
    params: { plugin: "tagger", version: "1.0.0" },
    body: { note: "looked at it" },
  });
  const chain = await admin.call("putChainEntry", {
    params: { cluster: "demo", plugin: "tagger" },
    body: { tag: "t" },
  });
  const { release } = await admin.call("createRelease", {
    body: { cluster: "demo", plugin: "tagger", version: "1.0.0", target: { kind: "full" } },
  });

  expect(version).toMatchObject({ plugin: "tagger", version: "1.0.0", approval: "PENDING", usedBy: [] });
  expect(version.digest).toBe(createHash("sha256").update(zip).digest("hex"));
  expect(approved).toMatchObject({ approval: "APPROVED", approvedBy: "approver" });
  expect(chain.entries).toMatchObject([{ plugin: "tagger", mode: "enforce", tag: "t" }]);
  expect(release).toMatchObject({ id: 1, state: "PENDING_APPROVAL", requiredApprovals: 1 });
  const used = await admin.call("getVersion", { params: { plugin: "tagger", version: "1.0.0" } });
  expect(used.usedBy).toEqual([{ cluster: "demo", release: 1 }]);
  const pieces = await admin.bytes("getArtifact", { params: { digest: version.digest } });
  expect(await bytesOf(pieces)).toEqual(zip);
});

test("the bytes of a version that was deleted are gone after a while", async () => {
  const clock = new ManualClock();
  await using plane = await (await TestControlPlane.start({ clock })).withClusters();
  const { admin } = plane;
  await makePlugin(admin);
  const { digest } = await upload(admin, pluginZip());
  await admin.call("deleteVersion", { params: { plugin: "tagger", version: "1.0.0" } });

  clock.advance(3_600_000);

  const file = plane.folder.join("control-plane", "artifacts", digest.slice(0, 2), digest);
  while (existsSync(file)) await setImmediate();
  await expect(admin.bytes("getArtifact", { params: { digest } })).rejects.toMatchObject({ status: 404 });
});

test("bytes whose upload a crash cut off before there was a version are gone with the next start", async () => {
  await using folder = await TemporaryFolder.create();
  const digest = createHash("sha256").update("bytes").digest("hex");
  const file = await folder.write(`control-plane/artifacts/${digest.slice(0, 2)}/${digest}`, "bytes");

  await using _ = await TestControlPlane.start({ folder });

  expect(existsSync(file)).toBe(false);
});

test("a part of a package can be asked for, and only of the same bytes", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  await makePlugin(plane.admin);
  const zip = pluginZip();
  const { digest } = await upload(plane.admin, zip);
  const url = `${plane.baseUrl}/api/v1/artifacts/${digest}`;
  const authorization = `Bearer ${await plane.token("operator")}`;

  const part = await fetch(url, { headers: { authorization, range: "bytes=10-19" } });
  const rest = await fetch(url, { headers: { authorization, range: "bytes=5-", "if-range": `"${digest}"` } });
  const other = await fetch(url, { headers: { authorization, range: "bytes=5-", "if-range": '"other"' } });
  const beyond = await fetch(url, { headers: { authorization, range: `bytes=${zip.length}-` } });

  expect(part.status).toBe(206);
  expect(part.headers.get("content-range")).toBe(`bytes 10-19/${zip.length}`);
  expect(Buffer.from(await part.arrayBuffer())).toEqual(zip.subarray(10, 20));
  expect(Buffer.from(await rest.arrayBuffer())).toEqual(zip.subarray(5));
  expect(other.status).toBe(200);
  expect((await other.arrayBuffer()).byteLength).toBe(zip.length);
  expect(beyond.status).toBe(416);
  expect(beyond.headers.get("content-range")).toBe(`bytes */${zip.length}`);
});

test("the ETag is the revision, and a change of what others have changed is 412", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  const { admin, baseUrl } = plane;
  const authorization = `Bearer ${await plane.token("viewer")}`;
  const seen = await admin.call("getDomain", { params: { domain: "shop" } });
  const { revision, ...domain } = seen;

  const response = await fetch(`${baseUrl}/api/v1/domains/shop`, { headers: { authorization } });
  const body = { ...domain, description: "first" };
  const first = await admin.call("putDomain", { params: { domain: "shop" }, body, revision });
  const second = admin.call("putDomain", { params: { domain: "shop" }, body: domain, revision });

  expect(response.headers.get("etag")).toBe(`"${revision}"`);
  expect(first.revision).toBeGreaterThan(revision);
  await expect(second).rejects.toMatchObject({ code: "revision_mismatch", status: 412 });
  // What is no revision of ours is none that the record has.
  for (const tag of [`W/"${first.revision}"`, String(first.revision), `"${first.revision}", "1"`]) {
    const headers = { authorization: `Bearer ${plane.adminSecret}`, "if-match": tag };
    const answer = await fetch(`${baseUrl}/api/v1/domains/shop`, {
      method: "PUT",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(domain),
    });
    expect(answer.status).toBe(412);
  }
});

test("pages go on where the one before ended", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();

  const first = await plane.admin.call("listClusters", { query: { limit: 1 } });
  const second = await plane.admin.call("listClusters", { query: { limit: 1, cursor: first.next } });
  const wrong = plane.admin.call("listClusters", { query: { cursor: "nonsense" } });

  expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(["demo", "other"]);
  expect(second.next).toBeUndefined();
  await expect(wrong).rejects.toMatchObject({ code: "invalid_input" });
});

test("documents are applied all or not at all", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  const { admin } = plane;
  const domain = { kind: "Domain", name: "bank", description: "", versionApproval: true };

  const dry = await admin.call("applyDocument", { body: { documents: [domain], dryRun: true } });
  const wrong = admin.call("applyDocument", { body: { documents: [domain, { kind: "Domian" }] } });

  expect(dry.changes).toMatchObject([{ kind: "Domain", key: "bank", operation: "create" }]);
  await expect(wrong).rejects.toMatchObject({ code: "invalid_input" });
  await expect(admin.call("getDomain", { params: { domain: "bank" } })).rejects.toMatchObject({
    code: "not_found",
  });
});

test("a backup is a store of its own", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();

  const backup = await bytesOf(await plane.admin.bytes("backup", { body: {} }));

  expect(backup.subarray(0, 15).toString()).toBe("SQLite format 3");
});

test("the API describes itself to whoever asks", async () => {
  await using plane = await TestControlPlane.start();

  const document = await plane.client(undefined).call("describeApi");

  expect(document["openapi"]).toBe("3.1.0");
});

async function makePlugin(client: ApiClient): Promise<void> {
  const body = { name: "tagger", domain: "shop", description: "", owners: ["admin"] };
  await client.call("putPlugin", { params: { plugin: "tagger" }, body });
}

function upload(client: ApiClient, zip: Buffer): ReturnType<ApiClient["upload"]> {
  const bytes = Readable.from([zip]);
  return client.upload({ plugin: "tagger" }, { name: "tagger.zip", size: zip.length, bytes });
}

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

test("what is done without changing a record is in the audit: retries, tests of webhooks, backups", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  const { admin, ports } = plane;
  const node = { token: await plane.token("node", { kind: "all" }, "node-1"), hello: { cluster: "demo" } };
  await using greeted = TestNode.greet(ports.push, "node-1", node);
  await greeted.next("welcome");
  const secret = { fromEnv: "NOT_THERE" };
  const webhook = { id: "ops", url: "http://127.0.0.1:9/", kinds: [], secret, enabled: true };
  await admin.call("putWebhook", { params: { webhook: "ops" }, body: webhook });

  await admin.call("retryNode", { params: { node: "node-1" } });
  await admin.call("testWebhook", { params: { webhook: "ops" } });
  for await (const _ of await admin.bytes("backup"));

  const { items } = await admin.call("listAudit", { query: { actor: "admin", limit: 100 } });
  expect(items.slice(-3)).toMatchObject([
    { action: "node.retry", outcome: "accepted", reason: "node node-1" },
    { action: "webhook.test", outcome: "accepted", reason: "webhook ops" },
    { action: "backup", outcome: "accepted" },
  ]);
});
