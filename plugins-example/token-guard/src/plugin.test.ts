import { expect, test } from "vitest";

import { createHarness } from "sluice/plugin-testing";
import plugin from "./plugin.ts";

const CONFIG = { token: "let-me-in" };

test.for([
  "token=let-me-in",
  "a=b; token=let-me-in",
  'token="let-me-in"',
  "x=token=wrong; token=let-me-in; y=",
])("%s opens the door", async (cookie) => {
  await using harness = await createHarness(plugin, { config: CONFIG });

  expect(await harness.request({ headers: [["cookie", cookie]] })).toMatchObject({
    kind: "continue",
    changed: false,
  });
});

test.for([
  ["", "token_missing"],
  ["xtoken=let-me-in", "token_missing"],
  ["a=token=let-me-in", "token_missing"],
  ["token=", "token_wrong"],
  ["token=let-me-i", "token_wrong"],
  ["token=let-me-in2", "token_wrong"],
  ["token=let-me-inlet-me-in", "token_wrong"],
  ["token=wrong; token=let-me-in", "token_wrong"],
] as const)("%j leaves it shut: %s", async ([cookie, error]) => {
  await using harness = await createHarness(plugin, { config: CONFIG });

  const outcome = await harness.request({ headers: [["cookie", cookie]] });

  expect(outcome).toMatchObject({ kind: "block", status: 401 });
  expect(outcome).toHaveProperty("body", `${JSON.stringify({ error, cookie: "token" })}\n`);
});

test("a token may hold what separates names from values, and cookies may come on several lines", async () => {
  await using harness = await createHarness(plugin, { config: { cookie: "session", token: "YWJj==" } });

  const outcome = await harness.request({
    headers: [
      ["cookie", "a=1"],
      ["cookie", "session=YWJj=="],
    ],
  });

  expect(outcome.kind).toBe("continue");
});
