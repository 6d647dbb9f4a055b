import { fastify } from "fastify";
import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { TestControlPlane } from "../../test/support/control-plane.ts";
import { TestNode } from "../../test/support/test-node.ts";
import { Watches } from "./watches.ts";

const DEMO = { params: { cluster: "demo" } };

test("a watch tells of each change that touches its answer, and of no other", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  const { admin } = plane;
  await makePlugin(plane);
  const watch = admin.watch("getChain", DEMO);

  const before = await watch.next();
  await admin.call("putChainEntry", { params: { cluster: "other", plugin: "tagger" }, body: {} });
  await admin.call("putChainEntry", { params: { cluster: "demo", plugin: "tagger" }, body: {} });
  const after = await watch.next();
  await watch.return(undefined);

  expect(before.value?.entries).toEqual([]);
  expect(after.value?.entries).toMatchObject([{ plugin: "tagger" }]);
});

test("a watch of nothing that is there is a problem with a status, not a stream", async () => {
  await using plane = await TestControlPlane.start();

  const watch = plane.admin.watch("getChain", DEMO).next();

  await expect(watch).rejects.toMatchObject({ code: "not_found", status: 404 });
});

test("a watch ends when its token does, and when what it watches is deleted", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  const { admin } = plane;
  const grants = [{ role: "viewer" as const, scope: { kind: "all" as const } }];
  const { token, secret } = await admin.call("createToken", { body: { name: "ann", grants } });
  const revoked = plane.client(secret).watch("getChain", DEMO);
  const deleted = admin.watch("getChain", DEMO);
  await Promise.all([revoked.next(), deleted.next()]);

  await admin.call("revokeToken", { params: { token: token.id } });
  await expect(revoked.next()).rejects.toMatchObject({ code: "unauthenticated" });
  await admin.call("deleteCluster", DEMO);
  await expect(deleted.next()).rejects.toMatchObject({ code: "not_found" });
});

test("a watch takes the right to read what it shows, as long as it goes on", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  const { admin } = plane;
  const elsewhere = plane.client(await plane.token("viewer", { kind: "cluster", cluster: "other" }));
  await expect(elsewhere.watch("getChain", DEMO).next()).rejects.toMatchObject({ code: "forbidden" });

  const inShop = plane.client(await plane.token("viewer", { kind: "domain", domain: "shop" }));
  const watch = inShop.watch("getChain", DEMO);
  await watch.next();
  const pay = { name: "pay", description: "", versionApproval: false };
  await admin.call("putDomain", { params: { domain: "pay" }, body: pay });
  const { revision, ...cluster } = await admin.call("getCluster", DEMO);
  await admin.call("putCluster", { ...DEMO, body: { ...cluster, domain: "pay" }, revision });

  await expect(watch.next()).rejects.toMatchObject({ code: "forbidden" });
});

test("there is a bounded number of watches for a token, and one that ended makes room", async () => {
  const settings = { watchesPerToken: 1 };
  await using plane = await (await TestControlPlane.start({ settings })).withClusters();
  const { admin } = plane;
  const first = admin.watch("getChain", DEMO);
  await first.next();

  await expect(admin.watch("getChain", DEMO).next()).rejects.toMatchObject({ code: "too_many_watches" });
  await first.return(undefined);

  for (;;) {
    const next = admin.watch("getChain", DEMO);
    const answer = await next.next().catch(() => undefined);
    await next.return(undefined);
    if (answer !== undefined) break;
  }
});

test("a watch whose first answer is being made counts too", async () => {
  using watches = loneWatches();
  const answer = Promise.withResolvers<object>();
  const second = Promise.withResolvers<unknown>();
  await using server = fastify();
  server.get("/", async (_request, reply) => {
    const serve = async (first: Promise<object>): Promise<void> =>
      watches.serve("getChain", "token", reply, async () => first);
    const served = serve(answer.promise);
    void serve(Promise.resolve({})).catch(second.resolve);
    return served;
  });
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  const controller = new AbortController();
  const watching = fetch(address, { signal: controller.signal });

  expect(await second.promise).toMatchObject({ code: "too_many_watches" });

  answer.resolve({});
  await watching;
  controller.abort();
});

test("whoever leaves while the first answer is made leaves no watch behind", async () => {
  using watches = loneWatches();
  const left = Promise.withResolvers<void>();
  const served = Promise.withResolvers<void>();
  await using server = fastify();
  server.get("/", async (_request, reply) => {
    reply.raw.once("close", left.resolve);
    asked.resolve();
    await watches.serve("getChain", "token", reply, async () => left.promise);
    served.resolve();
  });
  const asked = Promise.withResolvers<void>();
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  const controller = new AbortController();
  const answer = fetch(address, { signal: controller.signal });

  await asked.promise;
  controller.abort();
  await expect(answer).rejects.toMatchObject({ name: "AbortError" });
  await served.promise;

  expect(watches.size).toBe(0);
});

test("a log that is followed ends with the token that it is followed by", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  const { admin, ports } = plane;
  const node = { token: await plane.token("node", { kind: "all" }, "node-1"), hello: { cluster: "demo" } };
  await using talking = TestNode.greet(ports.push, "node-1", node);
  await talking.next("welcome");
  const grants = [{ role: "developer" as const, scope: { kind: "all" as const } }];
  const { token, secret } = await admin.call("createToken", { body: { name: "ann", grants } });
  const follow = plane
    .client(secret)
    .follow("readLog", { params: { node: "node-1", plugin: "guard" }, query: {} });
  const first = follow.next();
  const { id } = await talking.next("readLog");
  talking.send({ log: { id, lines: ["one"] } });
  expect(await first).toMatchObject({ value: "one\n" });

  await admin.call("revokeToken", { params: { token: token.id } });

  await expect(follow.next()).rejects.toMatchObject({ code: "unauthenticated" });
  expect(await talking.next("readLog")).toMatchObject({ id, stop: true });
});

test("a control plane that ends sends its watches away at once", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  const controller = new AbortController();
  const interrupted = Promise.withResolvers<void>();
  const onInterruption = (): void => interrupted.resolve();
  const watch = plane.admin.watch("getChain", DEMO, { signal: controller.signal, onInterruption });
  await watch.next();
  const next = watch.next();

  await plane.controlPlane.drain(600_000);
  await interrupted.promise;
  controller.abort();

  expect(await next).toEqual({ done: true, value: undefined });
});

async function makePlugin({ admin }: TestControlPlane): Promise<void> {
  const body = { name: "tagger", domain: "shop", description: "", owners: ["admin"] };
  await admin.call("putPlugin", { params: { plugin: "tagger" }, body });
}

/** One for a token, of things that never change. */
function loneWatches(): Watches {
  const limits = { interval: 10, heartbeat: 1_000, patience: 1_000, total: 2, perToken: 1 };
  const feed = { onChange: () => ({ [Symbol.dispose]: () => undefined }) };
  return new Watches(feed, limits, new ManualClock());
}
