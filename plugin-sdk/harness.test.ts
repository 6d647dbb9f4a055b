import { expect, test } from "vitest";

import type { Plugin, PluginAnswer, PluginHeader } from "../core/plugin-api.ts";
import { definePlugin } from "./define-plugin.ts";
import { createHarness } from "./harness.ts";
import type { HarnessOutcome } from "./harness-outcome.ts";

async function outcomeOf(answer: unknown): Promise<HarnessOutcome> {
  const plugin: Plugin = { execute: () => answer as PluginAnswer };
  await using harness = await createHarness(plugin, { config: {} });
  return harness.request({
    headers: [
      ["Accept", "*/*"],
      ["X-Old", "1"],
      ["x-old", "2"],
    ],
  });
}

test("a plugin sees the request as in the mesh: X-Mesh-* added, those of clients gone, values apart", async () => {
  const seen: PluginHeader[] = [];
  const plugin = definePlugin({ execute: ({ headers }) => void seen.push(...headers) });
  await using harness = await createHarness(plugin, { config: {} });

  await harness.request({
    method: "PUT",
    target: "/a%20b?c=d?e",
    host: "shop.example",
    remoteIp: "203.0.113.5",
    headers: [
      ["Set-Cookie", "a=1"],
      ["X-Mesh-Path", "/forged"],
      ["set-cookie", "b=2"],
    ],
  });

  expect(seen).toEqual([
    { key: "Set-Cookie", value: ["a=1", "b=2"] },
    { key: "X-Mesh-Method", value: ["PUT"] },
    { key: "X-Mesh-Host", value: ["shop.example"] },
    { key: "X-Mesh-Remote-Ip", value: ["203.0.113.5"] },
    { key: "X-Mesh-Querystring", value: ["c=d?e"] },
    { key: "X-Mesh-Path", value: ["/a%20b"] },
  ]);
});

test("nothing answered lets the request go on as it came", async () => {
  expect(await outcomeOf(undefined)).toEqual({
    kind: "continue",
    headers: [
      ["Accept", "*/*"],
      ["X-Old", "1"],
      ["x-old", "2"],
    ],
    changed: false,
  });
});

test("headers are overwritten in place, deleted and appended as the mesh does it", async () => {
  const headerSet = { "X-OLD": "new", accept: [], "X-WEB-Tag": ["a", "b"] };

  expect(await outcomeOf({ headerSet })).toEqual({
    kind: "continue",
    headers: [
      ["X-Old", "new"],
      ["X-WEB-Tag", "a"],
      ["X-WEB-Tag", "b"],
    ],
    changed: true,
  });
});

test("a block has its status, headers and body", async () => {
  expect(await outcomeOf({ httpCode: 403, headerSet: { "X-WEB-Why": "no" }, body: "no" })).toEqual({
    kind: "block",
    status: 403,
    headers: [["X-WEB-Why", "no"]],
    body: "no",
  });
});

test.for([
  ["a status that is none", { httpCode: 99 }, "httpCode must be 0 or 200 to 599"],
  ["a header that only the sidecar writes", { headerSet: { host: "evil" } }, "cannot be edited"],
  ["a header of the mesh", { headerSet: { "X-Mesh-Path": "/" } }, "only the mesh writes"],
  ["a line break", { headerSet: { "X-WEB-A": "a\r\nb: c" } }, "control character"],
  ["a misspelt key", { httpCod: 403 }, "unknown key 'httpCod'"],
  ["something else", "allow", "expected an object or nothing"],
] as const)("an answer with %s is dropped whole, and told why", async ([, answer, reason]) => {
  expect(await outcomeOf(answer)).toMatchObject({
    kind: "failed",
    cause: "invalid_answer",
    detail: expect.stringContaining(reason) as string,
  });
});

test("what a plugin throws and what it never answers are failures, not crashes of the test", async () => {
  const thrower = definePlugin({ execute: () => Promise.reject(new Error("no database")) });
  await using throwing = await createHarness(thrower, { config: {} });
  const sleeper = definePlugin({ execute: () => new Promise<undefined>(() => {}) });
  await using sleeping = await createHarness(sleeper, { config: {}, timeout: 5 });

  expect(await throwing.request()).toMatchObject({
    cause: "throw",
    detail: expect.stringContaining("no database") as string,
  });
  expect(await sleeping.request()).toEqual({
    kind: "failed",
    cause: "timeout",
    detail: "no answer within 5 ms",
  });
});

test("hooks run in order, and a reload keeps the store", async () => {
  const calls: string[] = [];
  const counting = (name: string): Plugin =>
    definePlugin({
      init: () => void calls.push(`init ${name}`),
      execute: (_request, { kv, log }) => log.info(kv?.increment("asked")),
      destroy: () => void calls.push(`destroy ${name}`),
    });
  {
    await using harness = await createHarness(counting("old"), { config: {}, kv: true });
    await harness.request();
    await harness.reload(counting("new"));
    await harness.response();

    expect(harness.store?.get("asked")).toBe(2);
    expect(harness.log).toEqual([
      { level: "info", values: [1] },
      { level: "info", values: [2] },
    ]);
  }
  expect(calls).toEqual(["init old", "destroy old", "init new", "destroy new"]);
});

test("without permission there is neither store nor fetch, and an init that throws fails the load", async () => {
  const picky = definePlugin({
    init({ kv, fetch }) {
      throw new Error(`kv ${typeof kv}, fetch ${typeof fetch}`);
    },
    execute: () => {},
  });

  await expect(createHarness(picky, { config: {} })).rejects.toThrow("kv undefined, fetch undefined");
});
