import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";

import { expect, test } from "vitest";

import { calledCommand, type CalledCommand } from "../../test/support/called-command.ts";
import { CommandedMesh } from "../../test/support/commanded-mesh.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { TestNode } from "../../test/support/test-node.ts";

test("enabling a plugin of which nothing is released says that it takes a release, and which", async () => {
  await using mesh = await CommandedMesh.start();

  const enabled = await mesh.sluice("plugin", "enable", "tagger", "--cluster", "demo");

  expect(enabled.stdout).toMatch(/^tagger\s+enforce/m);
  expect(enabled.stderr).toBe(
    "note: no version of tagger is in force in demo: nodes run it when a release brings one; next: sluice release create tagger@1.0.0 --cluster demo --full\n",
  );
  await mesh.sluice("release", "create", "tagger@1.0.0", "--cluster", "demo", "--full");
  const again = await mesh.sluice("plugin", "degrade", "tagger", "--cluster", "demo");
  expect(again.stderr).toMatch(/next: sluice release status 1\n$/);
  expect((await mesh.sluice("plugin", "disable", "tagger", "--cluster", "demo")).stderr).toBe("");
});

test("enabling does not propose a version whose release went wrong just before", async () => {
  await using mesh = await CommandedMesh.start();
  const zip = pluginZip({ version: "1.1.0" });
  const file = { name: "tagger.zip", size: zip.length, bytes: Readable.from([zip]) };
  await mesh.plane.admin.upload({ plugin: "tagger", note: "" }, file);
  const next = async (): Promise<string> =>
    (await mesh.sluice("plugin", "enable", "tagger", "--cluster", "demo")).stderr.split("next: ")[1] ?? "";

  for (const [id, version, proposed] of [
    ["1", "1.1.0", "sluice release create tagger@1.0.0 --cluster demo --full\n"],
    ["2", "1.0.0", "sluice describe plugin tagger\n"],
  ] as const) {
    await mesh.sluice("release", "create", `tagger@${version}`, "--cluster", "demo", "--full");
    await mesh.sluice("release", "bypass", id, "--reason", "a test");
    await mesh.sluice("release", "download", id);
    await mesh.sluice("release", "fail", id, "--reason", "it broke");
    expect(await next()).toBe(proposed);
  }
});

test("a version does not wait for an approval that nobody asks for", async () => {
  await using mesh = await CommandedMesh.start();

  expect((await mesh.sluice("describe", "plugin", "tagger")).stdout).toMatch(/1\.0\.0\s+not required/);
  const shop = { name: "shop", description: "", versionApproval: true };
  await mesh.plane.admin.call("putDomain", { params: { domain: "shop" }, body: shop });
  expect((await mesh.sluice("describe", "plugin", "tagger")).stdout).toMatch(/1\.0\.0\s+PENDING/);
});

test("all about a release: who wanted it, what may be done with it, and its nodes", async () => {
  await using mesh = await CommandedMesh.start();
  await mesh.sluice("release", "create", "tagger@1.0.0", "--cluster", "demo", "--full", "--note", "first");

  const { stdout } = await mesh.sluice("describe", "release", "1");

  expect(stdout).toMatch(/^Plugin:\s+tagger@1\.0\.0$/m);
  expect(stdout).toMatch(/^State:\s+PENDING_APPROVAL$/m);
  expect(stdout).toMatch(/^Approvals:\s+0\/1$/m);
  expect(stdout).toMatch(/^Note:\s+first$/m);
  expect(stdout).toMatch(/^Possible now:\s+approve, bypass/m);
});

test("the list of nodes has service and symbol in columns of their own", async () => {
  await using mesh = await CommandedMesh.start();
  const token = await mesh.plane.token("node", { kind: "all" }, "web-1");
  const hello = { cluster: "demo", service: "shop", symbol: "canary" };
  await using node = TestNode.greet(mesh.plane.ports.push, "web-1", { token, hello });
  await node.next("welcome");

  for (const output of ["table", "wide"]) {
    const { stdout } = await mesh.sluice("get", "nodes", "-o", output);
    expect(stdout).toMatch(
      /^NODE +CLUSTER +SERVICE +SYMBOL +VERSION .*\nweb-1 +demo +shop +canary +0\.1\.0 /,
    );
  }
});

test("a gray release says which nodes it is for, and whether there are any", async () => {
  await using mesh = await CommandedMesh.start();
  const token = await mesh.plane.token("node", { kind: "all" }, "web-1");
  const hello = { cluster: "demo", labels: { zone: "a" } };
  await using node = TestNode.greet(mesh.plane.ports.push, "web-1", { token, hello });
  await node.next("welcome");
  const create = (...target: readonly string[]): Promise<CalledCommand> =>
    mesh.sluice("release", "create", "tagger@1.0.0", "--cluster", "demo", ...target);

  expect((await create("--gray", "1%")).stderr).toContain("note: for 1 of 1 nodes of demo: web-1\n");
  expect((await mesh.sluice("release", "edit", "1", "--selector", "zone=b")).stderr).toContain(
    "note: no node of demo fits the target now: the release waits for nodes that do\n",
  );
  expect((await mesh.sluice("release", "edit", "1", "--selector", "zone=a")).stderr).toContain("web-1");
  expect((await mesh.sluice("release", "edit", "1", "--full")).stderr).not.toContain("note:");
});

/** Release 1 of tagger 1.0.0 is offered to a node: the digest of its package. */
async function downloading(mesh: CommandedMesh, node: TestNode): Promise<string> {
  await mesh.sluice("plugin", "enable", "tagger", "--cluster", "demo");
  await mesh.sluice("release", "create", "tagger@1.0.0", "--cluster", "demo", "--full");
  await mesh.sluice("release", "bypass", "1", "--reason", "a test");
  await mesh.sluice("release", "download", "1");
  const [stage] = await node.ackNext(1);
  const { packages } = JSON.parse(String(stage?.content)) as { packages: { digest: string }[] };
  return packages[0]!.digest;
}

/** Node web-1, which refuses the chain that release 1 of tagger 1.0.0 makes. */
async function refusal(mesh: CommandedMesh): Promise<TestNode> {
  const token = await mesh.plane.token("node", { kind: "all" }, "web-1");
  const node = TestNode.greet(mesh.plane.ports.push, "web-1", { token, hello: { cluster: "demo" } });
  await node.ackNext(3);
  node.stage("tagger", "1.0.0", await downloading(mesh, node), "LOADABLE");
  await node.report(true);
  await mesh.sluice("release", "activate", "1");
  node.nack(await node.next("resource"), [{ plugin: "tagger", key: "chain[0]", message: "init threw" }]);
  await node.report(false);
  return node;
}

test("all about a plugin: which version failed on which node, when and why, until it runs there", async () => {
  await using mesh = await CommandedMesh.start();
  await using node = await refusal(mesh);
  const errors = async (): Promise<string> =>
    (await mesh.sluice("describe", "plugin", "tagger")).stdout.split("Errors:\n")[1] ?? "";

  expect(await errors()).toMatch(/^ +web-1 +1\.0\.0 +activation +20\S+Z +tagger: chain\[0\]: init threw$/m);
  await mesh.sluice("release", "retry", "1");
  await node.ackNext(1);
  await node.report(false);
  expect(await errors()).not.toContain("web-1");
});

test("all about a node that refuses: which version in which content, and why", async () => {
  await using mesh = await CommandedMesh.start();
  await using _ = await refusal(mesh);

  const { stdout } = await mesh.sluice("describe", "node", "web-1");
  expect(stdout).toMatch(/^ +chain +\w{12} .* tagger@1\.0\.0$/m);
  expect(stdout).toMatch(/^ +chain +\w{12} +tagger@1\.0\.0 +20\S+Z +tagger: chain\[0\]: init threw$/m);
});

test("a config that a node cannot take is shown at its plugin, its stage and its node, with the reason", async () => {
  await using mesh = await CommandedMesh.start();
  const token = await mesh.plane.token("node", { kind: "all" }, "web-1");
  await using node = TestNode.greet(mesh.plane.ports.push, "web-1", { token, hello: { cluster: "demo" } });
  await node.ackNext(3);
  const digest = await downloading(mesh, node);
  await node.report(true, [{ plugin: "tagger", version: "1.0.0", digest, generation: 1, state: "RUNNING" }]);
  node.stage("tagger", "1.0.0", digest, "INVALID", "config: secret file mistyped: not there");
  await node.report(false);

  const plugin = (await mesh.sluice("describe", "plugin", "tagger")).stdout;
  expect(plugin).toMatch(/^ +web-1 +demo +1\.0\.0 +RUNNING +config: secret file mistyped: not there$/m);
  const { stdout } = await mesh.sluice("describe", "node", "web-1");
  expect(stdout).toMatch(/^ +stage .* tagger@1\.0\.0$/m);
  expect(stdout).toMatch(
    /^ +stage +\w{12} +tagger@1\.0\.0 +20\S+Z +config: secret file mistyped: not there$/m,
  );
  expect(stdout).toMatch(/^ +tagger +1\.0\.0 +RUNNING .* config: secret file mistyped: not there$/m);
  const answer = await mesh.plane.admin.call("getNode", { params: { node: "web-1" } });
  const hash = answer.resources.stage.acked?.hash;
  const problems = ["config: secret file mistyped: not there"];
  expect(answer.refused).toMatchObject([
    { type: "stage", hash, plugin: "tagger", version: "1.0.0", problems },
  ]);
});

test("a release that was given up still says which node refused it and why, and its nodes are SYNCED", async () => {
  await using mesh = await CommandedMesh.start();
  await using _ = await refusal(mesh);

  await mesh.sluice("release", "fail", "1", "--reason", "web-1 refuses it");
  const watched = mesh.plane.admin.watch("getNode", { params: { node: "web-1" } });
  for await (const { sync } of watched) if (sync === "SYNCED") break;

  expect((await mesh.sluice("release", "status", "1")).stdout).toMatch(
    /web-1 +yes +yes +failed .*tagger: chain\[0\]: init threw/,
  );
  expect((await mesh.sluice("get", "nodes")).stdout).toMatch(/SYNCED +(\w{8}) +\1 +\1 /);
});

test.for([
  [["describe", "release", "99"], 4, "sluice: there is no release 99\nnext: sluice get releases\n"],
  [["release", "status", "99"], 4, "sluice: there is no release 99\nnext: sluice get releases\n"],
  [["release", "approve", "99"], 4, "sluice: there is no release 99\nnext: sluice get releases\n"],
  [["release", "status", "abc"], 2, /^sluice: expected the number of a release such as 7, not "abc"; /],
  [["release", "rollback", "0"], 2, /^sluice: expected the number of a release/],
] as const)("a release that is not there: %j", async ([args, code, message]) => {
  await using mesh = await CommandedMesh.start();

  const ended = await mesh.sluice(...args);

  expect([ended.code, ended.stderr]).toEqual([
    code,
    typeof message === "string" ? message : expect.stringMatching(message),
  ]);
});

test("a token is made with the grants that it was asked for, and works until it is revoked", async () => {
  await using mesh = await CommandedMesh.start();
  const { baseUrl: server, folder } = mesh.plane;

  const made = await mesh.sluice("token", "create", "ann", "--grant", "viewer@demo", "--grant", "developer");
  const [, id = ""] = /^token (\S+) of ann/.exec(made.stderr) ?? [];
  const place = { server, token: made.stdout.trim(), directory: folder.path };

  expect((await mesh.sluice("get", "tokens")).stdout).toMatch(/ann\s+viewer@demo,developer/);
  expect(await calledCommand(place, "get", "clusters")).toMatchObject({ code: 0 });
  await mesh.sluice("token", "revoke", id);
  expect(await calledCommand(place, "get", "clusters")).toMatchObject({ code: 3, stdout: "" });
});

test.for([
  [["--server", "nonsense", "get", "nodes"], 2, "expected the control plane's address such as http://"],
  [["context", "set", "x", "--server", "localhost:7400"], 2, "expected the control plane's address"],
  [["context", "set", "x", "--server", "http://a", "--token-file", "gone"], 1, "ENOENT"],
  [["control-plane", "backup", "gone/backup"], 1, "there is no folder"],
  [["up", "--inbound", "nonsense"], 2, "--inbound: expected an address such as"],
  [["plugin", "push", "gone"], 2, "gone: there is no such file or folder"],
  [["token", "create", "x", "--grant", "viewr"], 2, 'there is no role viewr, did you mean "viewer"?'],
  [["silence", "create", "--until", "+1h", "--reason", "x", "--cluster", "dmeo"], 4, 'did you mean "demo"?'],
  [["audit", "--after", "yesterday"], 2, "--after: expected a tick such as 41, not yesterday"],
  [
    ["get", "nodes", "--cluster", "dmeo"],
    4,
    'there is no cluster dmeo that you may see, did you mean "demo"?',
  ],
  [["get", "nodes", "-w", "--cluster", "dmeo"], 4, "there is no cluster dmeo that you may see"],
  [["get", "releases", "--cluster", "nope", "-o", "json"], 4, "there is no cluster nope that you may see"],
  [["get", "releases", "--plugin", "tager"], 4, 'did you mean "tagger"?'],
  [["get", "clusters", "--domain", "shp"], 4, 'did you mean "shop"?'],
  [["get", "nodes", "--state", "OFLINE"], 2, "there are ONLINE, SUSPECT, OFFLINE"],
  [["get", "releases", "--state", "actve"], 2, 'did you mean "ACTIVE"?'],
  [["wait", "--cluster", "dmeo"], 4, 'did you mean "demo"?'],
  [["plugin", "enable", "tagger"], 2, "which cluster? Name it with --cluster"],
] as const)("what cannot be is told in a line, without a stack: %j", async ([args, code, message]) => {
  await using mesh = await CommandedMesh.start();

  const ended = await mesh.sluice(...args);

  expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(message)]);
  expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
});

test("a context that is changed keeps its token for the same server, and for no other", async () => {
  await using mesh = await CommandedMesh.start();
  const { folder } = mesh.plane;
  const place = { directory: folder.path };
  await folder.write("secret", "sluice_secret\n");
  const set = (...args: readonly string[]): Promise<CalledCommand> =>
    calledCommand(place, "context", "set", "ann", ...args);
  const tokenOf = async (): Promise<string | undefined> =>
    /token: (\S+)/.exec(await readFile(folder.join(".sluice/contexts.yaml"), "utf8"))?.[1];

  await set("--server", "http://a:1", "--token-file", "secret");
  await set("--server", "http://a:1", "--cluster", "demo");
  expect(await tokenOf()).toBe("sluice_secret");
  await set("--server", "http://b:1");
  expect(await tokenOf()).toBeUndefined();
});

test("a context that is not there is told with the nearest and with all", async () => {
  await using folder = await TemporaryFolder.create();
  const place = { directory: folder.path };
  for (const name of ["dev", "ops"])
    await calledCommand(place, "context", "set", name, "--server", "http://a:1");

  const ended = await calledCommand(place, "--context", "opps", "get", "nodes");

  expect([ended.code, ended.stderr]).toEqual([
    4,
    expect.stringMatching(/has no context opps, did you mean "ops"\?; there are dev, ops$/m),
  ]);
});

test.for([
  [["get"], "missing required argument 'kind'"],
  [["get", "nodes", "--service", "shop"], "unknown option '--service'"],
] as const)("a call of get that cannot be says which kinds there are: %j", async ([args, message]) => {
  const ended = await calledCommand({ directory: "/" }, ...args);

  expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining(message)]);
  expect(ended.stderr).toContain("(kinds: nodes, releases, plugins, clusters,");
});

test("a filter that fits nothing is an empty list, where what it names is there", async () => {
  await using mesh = await CommandedMesh.start();

  expect(await mesh.sluice("get", "nodes", "--cluster", "demo", "--state", "online")).toMatchObject({
    code: 0,
    stderr: "no nodes with --cluster demo and --state online\n",
  });
});

test("a rollback with nothing to go back to says how to name a version", async () => {
  await using mesh = await CommandedMesh.start();
  await mesh.sluice("release", "create", "tagger@1.0.0", "--cluster", "demo", "--full");

  const ended = await mesh.sluice("release", "rollback", "1");

  expect([ended.code, ended.stderr]).toEqual([
    1,
    expect.stringMatching(
      /nothing ran in full before release 1 .*: name a version\nsay which with --to VERSION; next: sluice describe plugin tagger\n$/,
    ),
  ]);
});

test("a rollback to a version that there is not says where those that there are stand", async () => {
  await using mesh = await CommandedMesh.start();
  await mesh.sluice("release", "create", "tagger@1.0.0", "--cluster", "demo", "--full");

  for (const [version, near] of [
    ["9.9.9", ""],
    ["1.0.1", ', did you mean "1.0.0"?'],
  ] as const)
    expect(await mesh.sluice("release", "rollback", "1", "--to", version)).toMatchObject({
      code: 4,
      stderr: `sluice: there is no version of tagger "${version}"${near}\nsay which with --to VERSION; next: sluice describe plugin tagger\n`,
    });
});

test("a zip is pushed by the name that it has in it, and a new plugin is made where one may", async () => {
  await using mesh = await CommandedMesh.start();
  const { plane } = mesh;
  const grants = [{ role: "developer" as const, scope: { kind: "domain" as const, domain: "shop" } }];
  const { secret } = await plane.admin.call("createToken", { body: { name: "dev", grants } });
  const dev = (...args: readonly string[]): Promise<CalledCommand> =>
    calledCommand(mesh.place(secret), ...args);
  await plane.admin.call("deleteVersion", { params: { plugin: "tagger", version: "1.0.0" } });
  await plane.admin.call("deletePlugin", { params: { plugin: "tagger" } });
  await plane.folder.write("tagger-1.0.0.zip", pluginZip());

  const refused = await dev("plugin", "push", "tagger-1.0.0.zip");

  expect([refused.code, refused.stderr]).toEqual([
    3,
    "sluice: there is no plugin tagger that you may see; to make it in domain shop\nnext: sluice plugin push tagger-1.0.0.zip --domain shop\n",
  ]);
  const pushed = await dev("plugin", "push", "tagger-1.0.0.zip", "--domain", "shop");
  expect(pushed).toMatchObject({ code: 0, stdout: expect.stringMatching(/tagger +1\.0\.0/) });
});

test("a tail that is larger than there can be is refused with how large it may be", async () => {
  await using folder = await TemporaryFolder.create();
  const place = { directory: folder.path, server: "http://127.0.0.1:1" };

  const ended = await calledCommand(place, "logs", "plugin", "tagger", "--node", "n", "--tail", "5GiB");

  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("--tail: at most 4MiB") });
});

test("an audit in which nothing fits says so, and a section of a description without rows does", async () => {
  await using mesh = await CommandedMesh.start();

  const audit = await mesh.sluice("audit", "--actor", "nobody");
  const described = await mesh.sluice("describe", "plugin", "tagger");

  expect(audit).toMatchObject({ code: 0, stderr: "no audit events with --actor nobody\n" });
  expect(described.stdout).toMatch(/^Errors:\n {2}none\n/m);
});

test("a wait that ends before it has heard anything says so", async () => {
  await using mesh = await CommandedMesh.start();

  const ended = await mesh.sluice("wait", "--cluster", "demo", "--timeout", "0s");

  expect(ended).toMatchObject({
    code: 7,
    stderr: expect.stringContaining("nothing of demo was heard in 0s"),
  });
});

test.for([
  ["release", "sluice get releases", "sluice describe release ID"],
  ["plugin", "sluice get plugins", "sluice describe plugin NAME"],
  ["token", "sluice get tokens", undefined],
  ["silence", "sluice get silences", undefined],
] as const)("who looks for a list below %s is told where it is", async ([group, list, describe]) => {
  await using folder = await TemporaryFolder.create();

  const { code, stderr } = await calledCommand({ directory: folder.path }, group, "list");

  expect(code).toBe(2);
  expect(stderr).toContain(list);
  if (describe !== undefined) expect(stderr).toContain(describe);
});
