import { readFile, writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { calledCommand, type CalledCommand } from "../../test/support/called-command.ts";
import { TestControlPlane } from "../../test/support/control-plane.ts";

const SHOP = `
apiVersion: sluice/v1
kind: Plugin
name: guard
domain: shop
description: Asks for a token.
owners: [ada]
---
kind: Chain
cluster: demo
entries:
  - plugin: guard
    config: { token: { fromEnv: GUARD_TOKEN } }
    match: { path: { prefix: /private } }
    timeout: 50ms
---
kind: Webhook
id: ops
url: https://alarms.example/
secret: { fromEnv: HOOK_SECRET }
`;

async function started(): Promise<
  AsyncDisposable & {
    sluice(...args: readonly string[]): Promise<CalledCommand>;
    write(file: string, text: string | Buffer): Promise<void>;
  }
> {
  const plane = await (await TestControlPlane.start()).withClusters();
  const token = await plane.token("admin");
  const place = { server: plane.baseUrl, token, directory: plane.folder.path };
  return {
    sluice: (...args) => calledCommand(place, ...args),
    write: (file, text) => writeFile(plane.folder.join(file), text),
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  };
}

test("what get prints as yaml, apply takes and finds unchanged", async () => {
  await using mesh = await started();
  await mesh.write("shop.yaml", SHOP);
  expect((await mesh.sluice("apply", "-f", "shop.yaml")).stdout).toBe(
    "Plugin/guard created\nChain/demo created\nWebhook/ops created\n",
  );
  const kinds = ["domains", "clusters", "plugins", "chains", "webhooks"];
  for (const kind of kinds)
    await mesh.write(`${kind}.yaml`, (await mesh.sluice("get", kind, "-o", "yaml")).stdout);
  const files = kinds.map((kind) => `${kind}.yaml`);

  const again = await mesh.sluice("apply", "-f", ...files);

  expect(again.stderr).toBe("");
  expect(again.stdout.trimEnd().split("\n")).toEqual([
    "Domain/shop unchanged",
    "Cluster/demo unchanged",
    "Cluster/other unchanged",
    "Plugin/guard unchanged",
    "Chain/demo unchanged",
    "Webhook/ops unchanged",
  ]);
  expect(await mesh.sluice("diff", "-f", ...files)).toMatchObject({ code: 0, stdout: "" });
});

test("diff shows what would change in the words of the file", async () => {
  await using mesh = await started();
  await mesh.write("shop.yaml", SHOP);
  await mesh.sluice("apply", "-f", "shop.yaml");
  const { stdout } = await mesh.sluice("get", "chain", "demo", "-o", "yaml");
  await mesh.write("chain.yaml", stdout.replace("response: 200ms", "response: 300ms"));

  const { code, stdout: difference } = await mesh.sluice("diff", "-f", "chain.yaml");

  expect(code).toBe(9);
  expect(difference.split("\n").filter((line) => /^[-+]/.test(line))).toEqual([
    "-   response: 200ms",
    "+   response: 300ms",
  ]);
});

test("whoever may only read sees what would change, and is refused where it would be applied", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  await writeFile(plane.folder.join("shop.yaml"), "{ kind: Domain, name: shop, description: Ours. }\n");
  const place = { server: plane.baseUrl, token: await plane.token("viewer"), directory: plane.folder.path };

  const diff = await calledCommand(place, "diff", "-f", "shop.yaml");

  expect(diff).toMatchObject({ code: 9, stderr: "" });
  expect(diff.stdout.split("\n")).toContain("+ description: Ours.");
  for (const flags of [[], ["--dry-run"]])
    expect(await calledCommand(place, "apply", "-f", "shop.yaml", ...flags)).toMatchObject({ code: 3 });
});

test("one thing is shown by its name, and a name that is not there says which is near", async () => {
  await using mesh = await started();

  const one = await mesh.sluice("get", "cluster", "demo", "-o", "json");
  expect(JSON.parse(one.stdout)).toMatchObject({ name: "demo", domain: "shop" });
  expect(await mesh.sluice("get", "cluster", "dmeo")).toEqual({
    code: 4,
    stdout: "",
    stderr: 'sluice: there is no dmeo among the clusters you may see, did you mean "demo"?\n',
  });
  expect(await mesh.sluice("get", "nodes", "--cluster", "dmeo")).toMatchObject({
    code: 4,
    stderr: 'sluice: there is no cluster dmeo that you may see, did you mean "demo"?\n',
  });
});

const WRONG = `kind: Cluster
name: demo
domain: shop
enviroment: test
requiredApprovals: 99
---
kind: Clutser
name: x
---
kind: Chain
cluster: demo
entries:
  - plugin: guard
    moed: enforce
`;

test.for(["apply", "diff"])(
  "%s names file, line, document, key, reason and what is near",
  async (command) => {
    await using mesh = await started();
    await mesh.write("wrong.yaml", WRONG);

    const { code, stderr } = await mesh.sluice(command, "-f", "wrong.yaml");

    expect(code).toBe(1);
    expect(stderr.trimEnd().split("\n")).toEqual([
      "sluice: wrong.yaml:1 (document 1, Cluster demo): environment: missing: expected string",
      "wrong.yaml:5 (document 1, Cluster demo): requiredApprovals: Too big: expected number to be <=10",
      'wrong.yaml:4 (document 1, Cluster demo): enviroment: unknown key, did you mean "environment"?',
      expect.stringMatching(/^wrong\.yaml:7 \(document 2, Clutser x\): kind: .* did you mean "Cluster"\?$/),
      'wrong.yaml:14 (document 3, Chain demo): entries[0].moed: unknown key, did you mean "mode"?',
    ]);
  },
);

test("what does not fit what is there is named by file and line too, whichever file it is in", async () => {
  await using mesh = await started();
  await mesh.write("shop.yaml", SHOP);
  await mesh.sluice("apply", "-f", "shop.yaml");
  await mesh.write("list.json", '[{"kind": "Domain", "name": "shop"},\n{"kind": "Domain", "name": "pay"}]');
  await mesh.write("chain.yaml", "kind: Chain\ncluster: demo\nentries:\n  - plugin: guadr\n");

  const { code, stderr } = await mesh.sluice("apply", "-f", "list.json", "chain.yaml");

  expect([code, stderr]).toEqual([
    4,
    'sluice: chain.yaml:4 (document 1, Chain demo): entries[0].plugin: there is no plugin guadr, did you mean "guard"?\n',
  ]);
  expect((await mesh.sluice("apply", "-f", "list.json")).stdout).toBe(
    "Domain/shop unchanged\nDomain/pay created\n",
  );
});

test.for([
  ["a: [1\n", /^sluice: file\.yaml:2:1: Flow sequence /],
  ["", /^sluice: file\.yaml: has no document in it\n$/],
  [Buffer.from([0x61, 0xff]), /^sluice: file\.yaml: is not valid UTF-8\n$/],
  ["kind: Domain\nname: a\nname: b\n", /^sluice: file\.yaml:3:1: Map keys must be unique\n$/],
  ["- kind: Domain\n  name: a\n- 7\n", /^sluice: file\.yaml:3 \(document 2\): kind: expected one of /],
] as const)("a file that cannot be read as documents is named with the line: %j", async ([text, message]) => {
  await using mesh = await started();
  await mesh.write("file.yaml", text);

  const { code, stderr } = await mesh.sluice("apply", "-f", "file.yaml");

  expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
});

test("of five hundred keys that are not known twenty are named, and how many more there are", async () => {
  await using mesh = await started();
  const keys = Array.from({ length: 500 }, (_, index) => `k${index}: 1\n`);
  await mesh.write("many.yaml", `kind: Domain\nname: shop\n${keys.join("")}`);

  const { stderr } = await mesh.sluice("apply", "-f", "many.yaml");

  expect(stderr.trimEnd().split("\n")).toHaveLength(21);
  expect(stderr).toMatch(/and 480 more\n$/);
});

test("a webhook that would never be called is refused in a document as it is by itself", async () => {
  await using mesh = await started();
  await mesh.write(
    "hook.yaml",
    "kind: Webhook\nid: meta\nurl: http://169.254.169.254/x\nsecret: { fromEnv: A }\n",
  );

  const { code, stderr } = await mesh.sluice("apply", "-f", "hook.yaml");

  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^sluice: hook\.yaml:3 \(document 1, Webhook meta\): url: .*169\.254/),
  ]);
});

test("a webhook's secret is refused with the references that it may be, and not shown", async () => {
  await using mesh = await started();
  const hook = "kind: Webhook\nid: ops\nurl: https://alarms.example.org/\n";
  await mesh.write("plain.yaml", `${hook}secret: hunter2\n`);
  await mesh.write("none.yaml", hook);

  const plain = await mesh.sluice("apply", "-f", "plain.yaml");
  const none = await mesh.sluice("apply", "-f", "none.yaml");

  expect([plain.code, none.code]).toEqual([1, 1]);
  expect(plain.stderr).toMatch(/secret: expected a reference, \{ fromEnv: NAME \} or \{ fromFile: PATH \}/);
  expect(plain.stderr).not.toContain("hunter2");
  expect(none.stderr).toMatch(/secret: missing: expected a reference/);
});

test("the webhook that the docs show is taken", async () => {
  await using mesh = await started();
  const page = await readFile(new URL("../../docs/control-plane.md", import.meta.url), "utf8");
  const shown = /```yaml\n([^`]*kind: Webhook[^`]*)```/.exec(page)?.[1] ?? "";
  await mesh.write("hook.yaml", shown);

  expect(await mesh.sluice("apply", "-f", "hook.yaml")).toMatchObject({
    code: 0,
    stdout: "Webhook/ops created\n",
  });
});

test("a file that is not there is named", async () => {
  await using mesh = await started();

  expect(await mesh.sluice("apply", "-f", "nope.yaml")).toMatchObject({
    code: 1,
    stderr: "sluice: nope.yaml: there is no such file\n",
  });
});
