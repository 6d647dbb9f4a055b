import { expect, test } from "vitest";

import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import { TestControlPlane } from "../../test/support/control-plane.ts";
import { FollowingNode } from "../../test/support/following-node.ts";
import { makeChain, makeCluster, makeTokens, uploadExamples } from "./bootstrap.ts";
import { releaseExamples } from "./first-releases.ts";
import { DEMO, EXAMPLES } from "./plan.ts";

test("a demo that people have changed starts again: what does not fit is told, what they took out stays out", async () => {
  await using plane = await TestControlPlane.start();
  const { dev, ops } = await withExamples(plane);
  // rate-limit was removed, and enabled again without the config that it had; token-guard is not there any more.
  const entries = [{ plugin: "header-tag" }, { plugin: "rate-limit" }];
  const deadlines = { request: "200ms", response: "200ms" };
  await plane.admin.call("putChain", { params: { cluster: DEMO.cluster }, body: { entries, deadlines } });
  const said: string[] = [];

  await releaseExamples(dev, ops, (text) => said.push(text), new AbortController().signal);

  expect(said).toEqual([
    expect.stringMatching(/^rate-limit is not in force: the config of rate-limit .*\n$/),
  ]);
  const { items } = await dev.call("listReleases", { query: {} });
  expect(items).toMatchObject([{ plugin: "header-tag", state: "DONE" }]);
});

test("what a start before left half done is brought to its end, while the node is still connecting too", async () => {
  await using plane = await TestControlPlane.start();
  const { dev, ops, token } = await withExamples(plane);
  await makeChain(plane.admin);
  const node = (): FollowingNode =>
    new FollowingNode({
      id: DEMO.node,
      token,
      port: plane.ports.push,
      random: () => 0,
      place: { cluster: DEMO.cluster, service: DEMO.service },
    });
  {
    await using _node = node();
    await untilState(ops, await firstRelease(dev, "header-tag"), "PENDING_APPROVAL");
    const release = await firstRelease(dev, "token-guard");
    await ops.call("approveRelease", { params: { release }, body: {} });
    await ops.call("downloadRelease", { params: { release }, body: {} });
    await untilState(ops, release, "DOWNLOADED");
  }
  await ops.call("activateRelease", { params: { release: 2 }, body: {} });
  await untilState(ops, 2, "ACTIVATING");
  const said: string[] = [];

  const released = releaseExamples(dev, ops, (text) => said.push(text), new AbortController().signal);
  await untilState(ops, 1, "DOWNLOADING");
  await using _again = node();
  await released;

  expect(said).toEqual([]);
  const { items } = await dev.call("listReleases", { query: {} });
  expect(items.map(({ state }) => state)).toEqual(["DONE", "DONE", "DONE"]);
});

/** The demo's cluster, its people, its node's token and its plugins, none of which is released. */
async function withExamples(
  plane: TestControlPlane,
): Promise<{ readonly dev: ApiClient; readonly ops: ApiClient; readonly token: string }> {
  const { admin } = plane;
  await makeCluster(admin);
  const tokens = await makeTokens(admin);
  const [dev, ops] = [plane.client(tokens.dev), plane.client(tokens.ops)];
  await uploadExamples(admin, dev, EXAMPLES);
  return { dev, ops, token: tokens.node };
}

async function firstRelease(dev: ApiClient, plugin: string): Promise<number> {
  const { release } = await dev.call("createRelease", {
    body: {
      cluster: DEMO.cluster,
      plugin,
      version: "1.0.0",
      target: { kind: "full" },
      note: "the first one",
    },
  });
  return release.id;
}

async function untilState(ops: ApiClient, release: number, state: string): Promise<void> {
  for await (const answer of ops.watch("getRelease", { params: { release } }))
    if (answer.release.state === state) return;
}
