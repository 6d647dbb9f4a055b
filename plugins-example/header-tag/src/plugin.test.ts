import { expect, test } from "vitest";

import { createHarness } from "sluice/plugin-testing";
import plugin from "./plugin.ts";

test("the app learns the tag of the chain entry", async () => {
  await using harness = await createHarness(plugin, { config: {}, tag: "blue" });

  const outcome = await harness.request({ headers: [["Accept", "*/*"]] });

  expect(outcome).toMatchObject({
    kind: "continue",
    headers: [
      ["Accept", "*/*"],
      ["X-WEB-Tag", "blue"],
    ],
  });
});

test("a client cannot bring a tag of its own", async () => {
  await using harness = await createHarness(plugin, { config: undefined });

  const outcome = await harness.request({
    headers: [
      ["x-web-tag", "forged"],
      ["X-Web-Tag", "twice"],
    ],
  });

  expect(outcome).toMatchObject({ kind: "continue", headers: [["x-web-tag", "untagged"]] });
});

test("the client learns who served it, under the name that the config gives", async () => {
  const config = { responseHeader: "X-WEB-Team", responseValue: "blue" };
  await using harness = await createHarness(plugin, { config });

  const outcome = await harness.response({
    response: { status: 404, headers: [["Content-Type", "text/plain"]] },
  });

  expect(outcome).toMatchObject({
    headers: [
      ["Content-Type", "text/plain"],
      ["X-WEB-Team", "blue"],
    ],
  });
});
