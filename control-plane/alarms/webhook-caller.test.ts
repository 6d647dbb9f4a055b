import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { signatureOf, startWebhookReceiver } from "../../test/support/webhook-receiver.ts";
import { WebhookCaller } from "./webhook-caller.ts";

const SECRET = { fromEnv: "HOOK_SECRET" };

test("a call is signed as Standard Webhooks says", async () => {
  await using receiver = await startWebhookReceiver();
  await using caller = new WebhookCaller({ HOOK_SECRET: "a secret" }, new ManualClock());

  const result = await caller.call({ url: receiver.url, secret: SECRET }, "msg_1", '{"a":"ü"}');

  const call = await receiver.call(1);
  expect(result).toEqual({ ok: true, status: 204, error: "" });
  expect(call.headers).toMatchObject({ "webhook-id": "msg_1", "webhook-timestamp": "1767225600" });
  expect(call.headers["webhook-signature"]).toBe(signatureOf(call, "a secret"));
});

test("the recipe of docs/control-plane.md gives the signature, by OpenSSL", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using caller = new WebhookCaller({ HOOK_SECRET: "a secret of ü" }, new ManualClock());
  await caller.call({ url: receiver.url, secret: SECRET }, "msg_1", '{"a":"ü"}');
  const { headers, body } = await receiver.call(1);
  const page = await readFile(new URL("../../docs/control-plane.md", import.meta.url), "utf8");
  const recipe = /^```sh\n(# id, timestamp[^]*?)```$/m.exec(page)?.[1] ?? "false";

  const env = {
    PATH: process.env["PATH"],
    id: String(headers["webhook-id"]),
    timestamp: String(headers["webhook-timestamp"]),
    body: await folder.write("body", body),
    secret: "a secret of ü",
  };
  const signature = execFileSync("sh", ["-c", recipe], { env, encoding: "utf8" });

  expect(headers["webhook-signature"]).toBe(`v1,${signature.trim()}`);
});

test("a secret may be base64 with the prefix of Standard Webhooks, in a file that is read anew", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using caller = new WebhookCaller({}, new ManualClock());
  const fromFile = await folder.write("secret", `whsec_${Buffer.from("first").toString("base64")}\n`);

  await caller.call({ url: receiver.url, secret: { fromFile } }, "msg_1", "{}");
  await folder.write("secret", "second");
  await caller.call({ url: receiver.url, secret: { fromFile } }, "msg_2", "{}");

  const [first, second] = receiver.calls;
  expect(first?.headers["webhook-signature"]).toBe(first && signatureOf(first, "first"));
  expect(second?.headers["webhook-signature"]).toBe(second && signatureOf(second, "second"));
});

test("a redirect is a failure and is not followed", async () => {
  await using receiver = await startWebhookReceiver();
  receiver.status = 307;
  await using caller = new WebhookCaller({ HOOK_SECRET: "x" }, new ManualClock());

  const result = await caller.call({ url: receiver.url, secret: SECRET }, "msg_1", "{}");

  expect(result).toMatchObject({ ok: false, status: 307 });
  expect(receiver.calls).toHaveLength(1);
});

test.for([
  "http://169.254.169.254/latest/meta-data",
  "http://2852039166/",
  "http://0xA9FEA9FE/",
  "http://[::ffff:169.254.169.254]/",
  "http://[fe80::1]/",
  "http://[fd00:ec2::254]/",
  "http://100.100.100.200/",
  "http://0.0.0.0/",
  "http://user:password@127.0.0.1/",
  "ftp://127.0.0.1/",
])("%s is never called", async (url) => {
  await using caller = new WebhookCaller({ HOOK_SECRET: "x" }, new ManualClock());

  const result = await caller.call({ url, secret: SECRET }, "msg_1", "{}");

  expect(result).toMatchObject({ ok: false, status: undefined });
  expect(result.error).toMatch(/never called|expected/);
});

test("without its secret nothing is sent, and the error does not show one", async () => {
  await using receiver = await startWebhookReceiver();
  await using caller = new WebhookCaller({}, new ManualClock());

  const result = await caller.call({ url: receiver.url, secret: SECRET }, "msg_1", "{}");

  expect(result).toMatchObject({ ok: false, error: "its secret is empty or not there" });
  expect(receiver.calls).toEqual([]);
});
