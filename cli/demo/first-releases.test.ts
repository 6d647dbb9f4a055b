import { expect, test } from "vitest";

import { TestControlPlane } from "../../test/support/control-plane.ts";
import { makeCluster, makeTokens, uploadExamples } from "./bootstrap.ts";
import { releaseExamples } from "./first-releases.ts";
import { DEMO, EXAMPLES } from "./plan.ts";

test("a demo that people have changed starts again: what does not fit is told, what they took out stays out", async () => {
  await using plane = await TestControlPlane.start();
  const { admin } = plane;
  await makeCluster(admin);
  const tokens = await makeTokens(admin);
  const [dev, ops] = [plane.client(tokens.dev), plane.client(tokens.ops)];
  await uploadExamples(admin, dev, EXAMPLES);
  // rate-limit was removed, and enabled again without the config that it had; token-guard is not there any more.
  const entries = [{ plugin: "header-tag" }, { plugin: "rate-limit" }];
  const deadlines = { request: "200ms", response: "200ms" };
  await admin.call("putChain", { params: { cluster: DEMO.cluster }, body: { entries, deadlines } });
  const said: string[] = [];

  await releaseExamples(dev, ops, (text) => said.push(text), new AbortController().signal);

  expect(said).toEqual([
    expect.stringMatching(/^rate-limit is not in force: the config of rate-limit .*\n$/),
  ]);
  const { items } = await dev.call("listReleases", { query: {} });
  expect(items).toMatchObject([{ plugin: "header-tag", state: "DONE" }]);
});
