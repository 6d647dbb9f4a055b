import { expect, test } from "vitest";

import { createHarness, type Harness } from "sluice/plugin-testing";
import plugin, { type RateLimitConfig } from "./plugin.ts";

const MINUTE = 60_000;
const NOON = Date.UTC(2030, 0, 1, 12);

async function harnessFor(config: Partial<RateLimitConfig> = {}): Promise<Harness<RateLimitConfig>> {
  return createHarness(plugin, { config: { requests: 2, windowSeconds: 60, ...config }, kv: true });
}

async function ask(harness: Harness<RateLimitConfig>, at: number, remoteIp = "203.0.113.5"): Promise<string> {
  return (await harness.request({ bizStartAt: at, remoteIp })).kind;
}

test("what is over the limit in one window is blocked, and the next window begins anew", async () => {
  await using harness = await harnessFor();

  const kinds = [];
  for (const at of [NOON, NOON + 1, NOON + 59_999, NOON + MINUTE]) kinds.push(await ask(harness, at));

  expect(kinds).toEqual(["continue", "continue", "block", "continue"]);
});

test("the blocked one is told when to come back", async () => {
  await using harness = await harnessFor({ requests: 1 });

  await ask(harness, NOON);
  const outcome = await harness.request({ bizStartAt: NOON + 45_500, remoteIp: "203.0.113.5" });

  expect(outcome).toEqual({
    kind: "block",
    status: 429,
    headers: [
      ["Content-Type", "application/json"],
      ["Retry-After", "15"],
    ],
    body: '{"error":"too_many_requests","retryAfter":15}\n',
  });
});

test("callers do not share a window, and a header may tell them apart", async () => {
  await using byAddress = await harnessFor({ requests: 1 });
  await using byKey = await harnessFor({ requests: 1, by: "x-key" });
  const askAs = async (key: string): Promise<string> =>
    (await byKey.request({ bizStartAt: NOON, headers: [["X-Key", key]] })).kind;

  expect(await ask(byAddress, NOON, "203.0.113.5")).toBe("continue");
  expect(await ask(byAddress, NOON, "203.0.113.6")).toBe("continue");
  expect(await ask(byAddress, NOON, "203.0.113.6")).toBe("block");
  expect([await askAs("a"), await askAs("b"), await askAs("a")]).toEqual(["continue", "continue", "block"]);
});

test("a reload does not give anybody a new share", async () => {
  await using harness = await harnessFor();
  await ask(harness, NOON);
  await ask(harness, NOON);

  await harness.reload();

  expect(await ask(harness, NOON)).toBe("block");
});

test("a caller with an endless key costs one bounded key of the store", async () => {
  await using harness = await harnessFor({ by: "x-key" });

  const outcome = await harness.request({ bizStartAt: NOON, headers: [["x-key", "k".repeat(20_000)]] });

  expect(outcome.kind).toBe("continue");
  expect(harness.store?.keys()[0]?.length).toBeLessThan(300);
});

test("a flood of callers that fills the store lets the rest pass and says so", async () => {
  await using harness = await harnessFor({ requests: 1 });
  for (let i = 0; i < 10_000; i++) harness.store?.set(`other-${i}`, 1);

  const kinds = [await ask(harness, NOON), await ask(harness, NOON)];

  expect(kinds).toEqual(["continue", "continue"]);
  expect(harness.log[0]?.values).toEqual(["more callers than the store can hold: not limited"]);
});

test("without a store it does not load", async () => {
  const config = { requests: 1, windowSeconds: 1 };

  await expect(createHarness(plugin, { config })).rejects.toThrow("the manifest must ask for kv");
});
