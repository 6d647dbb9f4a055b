import { Readable } from "node:stream";

import { afterAll, beforeAll, expect, test } from "vitest";

import { TestControlPlane } from "../../test/support/control-plane.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import { TestNode } from "../../test/support/test-node.ts";
import { RELEASE_STEPS } from "../model/release-machine.ts";
import { RELEASE_ENDPOINTS } from "./contract/release-endpoints.ts";
import type { Endpoint } from "./contract/endpoint.ts";
import type { ApiClient } from "./contract/client.ts";
import type { ApiError } from "./contract/api-error.ts";

let plane: TestControlPlane;
let node: TestNode;
let dev: ApiClient;
let release: number;

beforeAll(async () => {
  plane = await (await TestControlPlane.start()).withClusters();
  const grants = [{ role: "developer", scope: { kind: "domain", domain: "shop" } }] as const;
  const { secret } = await plane.admin.call("createToken", { body: { name: "dev", grants: [...grants] } });
  dev = plane.client(secret);
  const body = { name: "tagger", domain: "shop", description: "", owners: ["dev"] };
  await dev.call("putPlugin", { params: { plugin: "tagger" }, body });
  const zip = pluginZip();
  const file = { name: "tagger.zip", size: zip.length, bytes: Readable.from([zip]) };
  await dev.upload({ plugin: "tagger", note: "" }, file);
  const target = { kind: "full" } as const;
  const wish = { cluster: "demo", plugin: "tagger", version: "1.0.0", target };
  ({
    release: { id: release },
  } = await dev.call("createRelease", { body: wish }));
  node = await greeted("web-1");
});

async function greeted(id: string): Promise<TestNode> {
  const token = await plane.token("node", { kind: "all" }, id);
  const talking = TestNode.greet(plane.ports.push, id, { token, hello: { cluster: "demo" } });
  await talking.next("welcome");
  return talking;
}

afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await plane[Symbol.asyncDispose]();
});

test("who made a release is told that another person must approve it, not which role is missing", async () => {
  const approved = dev.call("approveRelease", { params: { release }, body: { note: "" } });

  await expect(approved).rejects.toMatchObject({
    code: "forbidden",
    message: `dev is the author of release ${release} (tagger 1.0.0 in demo): another person with role approver must approve it`,
  });
});

test("who uploaded a version is told that another person must judge it", async () => {
  const params = { plugin: "tagger", version: "1.0.0" };

  for (const judged of [
    dev.call("approveVersion", { params, body: { note: "" } }),
    dev.call("refuseVersion", { params, body: { reason: "no" } }),
  ])
    await expect(judged).rejects.toMatchObject({
      code: "forbidden",
      message: "dev has uploaded tagger 1.0.0: another person with role approver must judge it",
    });
});

test("the audit names what was refused as it names what was done, and of which release", async () => {
  const params = { release };
  await expect(dev.call("completeRelease", { params, body: {} })).rejects.toThrow("may not release.operate");
  await expect(plane.admin.call("promoteRelease", { params, body: {} })).rejects.toThrow("no promote now");
  await expect(
    plane.client("sluice_nobody").call("failRelease", { params, body: { reason: "x" } }),
  ).rejects.toThrow("the token is unknown");

  const { items } = await plane.admin.call("listAudit", {
    query: { kind: "releases", key: String(release), limit: 1_000 },
  });

  const named = { outcome: "refused", changes: [], record: { kind: "releases", key: String(release) } };
  expect(items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ ...named, actor: "dev", action: "release.complete" }),
      expect.objectContaining({ ...named, action: "release.promote" }),
      expect.objectContaining({ ...named, actor: "nobody", action: "release.fail" }),
    ]),
  );
});

test("every step that people take is called the same, done or refused", () => {
  const names = Object.values(RELEASE_ENDPOINTS).map(
    (endpoint: Endpoint) => endpoint.action ?? endpoint.right,
  );
  const steps = RELEASE_STEPS.filter(({ right }) => right !== "none").map(({ name }) => `release.${name}`);

  expect(new Set(names.filter((name) => name !== "read"))).toEqual(new Set(steps));
});

test("a refusal names the grant that is missing, and those that there are", async () => {
  const elsewhere = plane.client(await plane.token("approver", { kind: "cluster", cluster: "other" }));

  const approved = elsewhere.call("approveRelease", { params: { release }, body: { note: "" } });

  await expect(approved).rejects.toMatchObject({
    code: "forbidden",
    message:
      "approver may not release.approve in cluster demo: it takes one of approver, admin, such as approver@demo, and approver has approver@other",
  });
});

test("a release or a node that is not there is not found, whatever the grants cover", async () => {
  const viewer = plane.client(await plane.token("viewer", { kind: "cluster", cluster: "demo" }));
  const outside = plane.client(await plane.token("viewer", { kind: "cluster", cluster: "other" }));

  await expect(viewer.call("getRelease", { params: { release: 99 } })).rejects.toMatchObject({
    code: "not_found",
    message: "there is no release 99",
  });
  await expect(viewer.call("getNode", { params: { node: "web-2" } })).rejects.toMatchObject({
    code: "not_found",
    message: 'no node "web-2" has reported, did you mean "web-1"?',
  });
  await expect(outside.call("getNode", { params: { node: "web-2" } })).rejects.toMatchObject({
    message: 'no node "web-2" has reported',
  });
  await expect(outside.call("getNode", { params: { node: "web-1" } })).rejects.toMatchObject({
    code: "forbidden",
  });
});

test("a cluster that is not there looks as one that is not theirs does, and the nearest of theirs is named", async () => {
  const viewer = plane.client(await plane.token("viewer", { kind: "cluster", cluster: "demo" }));
  const refusal = (cluster: string): Promise<string> =>
    viewer.call("getCluster", { params: { cluster } }).then(
      () => "answered",
      ({ code, message }: ApiError) => `${code}: ${message}`,
    );

  expect(await refusal("dmeo")).toMatch(/^forbidden: .* viewer has viewer@demo, did you mean "demo"\?$/);
  expect((await refusal("othre")).replaceAll("othre", "other")).toBe(await refusal("other"));
});

test("the log of a plugin on a node that is not connected is refused by the node's state", async () => {
  const { admin } = plane;
  await (await greeted("web-9"))[Symbol.asyncDispose]();
  await expect
    .poll(async () =>
      admin
        .text("readLog", { params: { node: "web-9", plugin: "tagger" }, query: {} })
        .catch(({ code, message }: ApiError) => `${code}: ${message}`),
    )
    .toBe("wrong_state: node web-9 is not connected: what plugins log there can be read when it is");
});

test("a log that is followed is refused in words too, before it begins and when it has", async () => {
  const params = { node: "web-1", plugin: "tagger" };
  await (await greeted("web-8"))[Symbol.asyncDispose]();
  const gone = plane.admin.follow("readLog", { params: { ...params, node: "web-8" }, query: {} });
  await expect(gone.next()).rejects.toMatchObject({
    code: "wrong_state",
    message: expect.stringContaining("node web-8 is not connected") as string,
  });

  const next = plane.admin.follow("readLog", { params, query: {} }).next();
  const { id } = await node.next("readLog");
  node.send({ log: { id, problem: "there is no plugin tagger here", end: true } });

  await expect(next).rejects.toMatchObject({ code: "not_found", message: "there is no plugin tagger here" });
});

test("one reader too many of a node's logs with one token is refused, not asked to come again and again", async () => {
  const leave = new AbortController();
  const interruptions: string[] = [];
  const onInterruption = ({ code }: ApiError): void => void interruptions.push(code);
  const request = { params: { node: "web-1", plugin: "tagger" }, query: {} };
  const follow = (): Promise<unknown> =>
    plane.admin.follow("readLog", request, { signal: leave.signal, onInterruption }).next();
  const readers = Array.from({ length: 4 }, follow);
  for (const _reader of readers) await node.next("readLog");

  await expect(follow()).rejects.toMatchObject({ code: "unavailable", status: 503 });
  expect(interruptions).toEqual([]);
  leave.abort();
  await Promise.all(readers);
});

test("releases come newest first", async () => {
  const { admin } = plane;
  const wish = { cluster: "other", plugin: "tagger", version: "1.0.0", target: { kind: "full" } } as const;
  const { release: newer } = await admin.call("createRelease", { body: wish });

  const first = await admin.call("listReleases", { query: { limit: 1 } });
  const second = await admin.call("listReleases", { query: { limit: 1, cursor: first.next } });

  expect([first.items[0]?.id, second.items[0]?.id]).toEqual([newer.id, release]);
});

test("a version says whether it waits for an approval that somebody asks for", async () => {
  const params = { plugin: "tagger", version: "1.0.0" };
  expect(await dev.call("getVersion", { params })).toMatchObject({
    approval: "PENDING",
    approvalRequired: false,
  });
  const shop = { name: "shop", description: "", versionApproval: true };
  await plane.admin.call("putDomain", { params: { domain: "shop" }, body: shop });

  expect(await dev.call("getVersion", { params })).toMatchObject({ approvalRequired: true });
});
