import { expect, test } from "vitest";

import { calledCommand, type CalledCommand } from "../../../test/support/called-command.ts";
import { CommandedMesh } from "../../../test/support/commanded-mesh.ts";
import { FollowingNode } from "../../../test/support/following-node.ts";
import { TestNode } from "../../../test/support/test-node.ts";
import { RELEASE_STATES, type ReleaseState } from "../../../control-plane/model/release.ts";

const CREATE = ["create", "tagger@1.0.0", "--cluster", "demo"] as const;
const FULL = [...CREATE, "--full"] as const;

/** What leads into each state that waits for something; the last call prints what comes next. */
const WAYS: Readonly<Partial<Record<ReleaseState, readonly (readonly string[])[]>>> = {
  PENDING_APPROVAL: [FULL],
  APPROVED: [FULL, ["approve", "1"]],
  SCHEDULED: [
    [...FULL, "--at", "+1h"],
    ["approve", "1"],
  ],
  DOWNLOADED: [FULL, ["approve", "1"], ["download", "1"], ["status", "1", "-w"]],
  GRAY: [
    [...CREATE, "--gray", "50%"],
    ["approve", "1"],
    ["download", "1"],
    ["status", "1", "-w"],
    ["activate", "1"],
    ["status", "1", "-w"],
  ],
  ACTIVE: [
    FULL,
    ["approve", "1"],
    ["download", "1"],
    ["status", "1", "-w"],
    ["activate", "1"],
    ["status", "1", "-w"],
  ],
};

/** With a node that does nothing. */
const STUCK: Readonly<Partial<Record<ReleaseState, readonly (readonly string[])[]>>> = {
  DOWNLOADING: [FULL, ["approve", "1"], ["download", "1"]],
  ACTIVATING: [FULL, ["approve", "1"], ["download", "1"], ["activate", "1"]],
};

/** Two people: one makes releases, the other approves and operates. */
class Office implements AsyncDisposable {
  readonly mesh: CommandedMesh;
  readonly #other: string;

  private constructor(mesh: CommandedMesh, other: string) {
    this.mesh = mesh;
    this.#other = other;
  }

  static async open(): Promise<Office> {
    const mesh = await CommandedMesh.start();
    const grants = (["approver", "operator"] as const).map((role) => ({
      role,
      scope: { kind: "all" as const },
    }));
    const { secret } = await mesh.plane.admin.call("createToken", { body: { name: "olga", grants } });
    return new Office(mesh, secret);
  }

  /** A node of the cluster that takes everything at once; once it is known. */
  async follower(): Promise<FollowingNode> {
    const { plane } = this.mesh;
    const token = await plane.token("node", { kind: "all" }, "web-1");
    const node = new FollowingNode({ id: "web-1", token, port: plane.ports.push, random: () => 0 });
    for await (const { items } of plane.admin.watch("listNodes", {})) if (items.length > 0) break;
    return node;
  }

  release(...args: readonly string[]): Promise<CalledCommand> {
    return args[0] === "create" ? this.mesh.sluice("release", ...args) : this.other("release", ...args);
  }

  other(...args: readonly string[]): Promise<CalledCommand> {
    return calledCommand(this.mesh.place(this.#other), ...args);
  }

  async go(way: readonly (readonly string[])[]): Promise<CalledCommand> {
    let last: CalledCommand | undefined;
    for (const args of way) last = await this.release(...args);
    return last!;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.mesh[Symbol.asyncDispose]();
  }
}

/** The line that is there to be pasted. */
function pastedOf({ stderr }: CalledCommand): readonly string[] {
  const [, line = ""] = /next(?:, as [a-z ]+)?: sluice (.*)$/m.exec(stderr) ?? [];
  return line.split(" ");
}

test("every state that waits for something has a way into it here", () => {
  const ended = ["DONE", "REJECTED", "CANCELLED", "FAILED", "SUPERSEDED", "ROLLED_BACK"];
  const ways = [...Object.keys(WAYS), ...Object.keys(STUCK), ...ended];
  expect(new Set(ways)).toEqual(new Set(RELEASE_STATES));
});

test.for(Object.entries(WAYS))("what comes next for %s is a line that works", async ([state, way]) => {
  await using office = await Office.open();
  await using _node = await office.follower();
  const shown = await office.go(way);
  expect(shown.stdout).toContain(state);

  const pasted = pastedOf(shown);
  expect(pasted.at(-1)).toBe("1");
  const waits = state === "SCHEDULED" ? ["--timeout", "50ms"] : [];
  const done = await office.other(...pasted, ...waits);

  expect(done).toMatchObject({ code: state === "SCHEDULED" ? 7 : 0 });
  if (state !== "SCHEDULED") expect(done.stdout).not.toMatch(new RegExp(` ${state} `));
});

test.for(Object.entries(STUCK))("what comes next for %s is to wait for its nodes", async ([state, way]) => {
  await using office = await Office.open();
  const { plane } = office.mesh;
  const token = await plane.token("node", { kind: "all" }, "web-1");
  await using node = TestNode.greet(plane.ports.push, "web-1", { token, hello: { cluster: "demo" } });
  await node.next("welcome");
  const shown = await office.go(way);
  expect(shown.stdout).toContain(state);

  expect(shown.stderr).toBe("release 1 waits for its nodes; next: sluice release status --watch 1\n");
  const waited = await office.other(...pastedOf(shown), "--timeout", "50ms");

  expect(waited.code).toBe(7);
});

test("a gray release that fits no node says so, and is not what a watch or a promotion succeeds for", async () => {
  await using office = await Office.open();
  await using _node = await office.follower();
  const waits =
    "release 1 waits for a node that fits its target and is not OFFLINE; next: sluice get nodes --cluster demo -o wide\n";
  await office.go([
    [...CREATE, "--selector", "zone=a"],
    ["approve", "1"],
    ["download", "1"],
  ]);
  for (const state of ["DOWNLOADING", "ACTIVATING"]) {
    if (state === "ACTIVATING") await office.release("activate", "1");
    const watched = await office.release("status", "1", "-w", "--timeout", "100ms");
    expect(watched).toMatchObject({ code: 7, stdout: expect.stringContaining(state), stderr: waits });
  }
  const shown = await office.release("status", "1");
  expect(shown.stderr).toBe(waits);
  expect((await office.other(...pastedOf(shown))).stdout).toContain("web-1");
  expect((await office.release("promote", "1")).code).toBe(5);
});

test("a percentage of nodes, when none was there, says which step takes one of those that came", async () => {
  await using office = await Office.open();
  const created = await office.release(...CREATE, "--gray", "0.01%");
  expect(created.stderr).toContain(
    "note: no node of demo fits the target now: the release waits for nodes that do, and each step looks for one anew\n",
  );
  await office.go([
    ["approve", "1"],
    ["download", "1"],
  ]);
  expect((await office.release("status", "1")).stderr).toContain("waits for a node that fits its target");
  await using _node = await office.follower();

  const waits = await office.release("status", "1");
  expect(waits.stderr).toBe(
    "release 1 waits for a node that its 0.01% takes: none was there at its last step, and the step again takes one; next, as operator or admin: sluice release download 1\n",
  );
  await office.other(...pastedOf(waits));

  expect(await office.release("status", "1", "-w")).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("sluice release activate 1") as string,
  });
});

test("a release that nobody has begun is not what a watch succeeds for", async () => {
  await using office = await Office.open();
  await office.release(...FULL);
  expect(await office.release("status", "1", "-w")).toMatchObject({
    code: 11,
    stderr:
      "release 1 waits for 1 more approval by others than admin; next, as approver or admin: sluice release approve 1\n",
  });
  await office.release("approve", "1");
  expect(await office.release("status", "1", "-w")).toMatchObject({
    code: 11,
    stderr:
      "release 1 waits for somebody to download it; next, as operator or admin: sluice release download 1\n",
  });
});

test("a step that cannot be yet says what to call instead", async () => {
  await using office = await Office.open();
  await using _node = await office.follower();
  await office.go(WAYS.GRAY!);

  const refused = await office.release("complete", "1");

  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain("is GRAY: no complete now");
  expect(pastedOf(refused)).toEqual(["release", "promote", "1"]);

  await office.go([pastedOf(refused).slice(1), ["status", "1", "-w"]]);
  expect((await office.release("complete", "1")).stdout).toContain("DONE");
});

test("the line to paste talks to the control plane that was named", async () => {
  await using office = await Office.open();
  await office.go(WAYS.APPROVED!);

  const status = await office.other("--server", office.mesh.plane.baseUrl, "release", "status", "1");

  expect(pastedOf(status)).toEqual(["--server", office.mesh.plane.baseUrl, "release", "download", "1"]);
});

test("a number that no release has leads to the list of those that there are", async () => {
  await using office = await Office.open();

  for (const args of [
    ["status", "9"],
    ["status", "9", "-w"],
    ["approve", "9"],
    ["edit", "9", "--full"],
    ["widen", "9", "--full"],
  ])
    expect(await office.release(...args)).toMatchObject({
      code: 4,
      stderr: "sluice: there is no release 9\nnext: sluice get releases\n",
    });
});

test("who has approved already, and who asks for a second release, is told what the open one waits for", async () => {
  await using office = await Office.open();
  await office.mesh.plane.admin.call("putCluster", {
    params: { cluster: "demo" },
    body: {
      name: "demo",
      domain: "shop",
      environment: "test",
      requiredApprovals: 2,
      rollbackApproval: false,
    },
  });
  await office.go(WAYS.APPROVED!);
  const waits =
    "release 1 waits for 1 more approval by others than admin, olga; next, as approver or admin: sluice release approve 1\n";

  for (const args of [["approve", "1"], FULL]) {
    const refused = await office.release(...args);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toMatch(/^sluice: .*\n/);
    expect(refused.stderr.endsWith(waits)).toBe(true);
  }
});

test("names are what scripts read of a status, a line each", async () => {
  await using office = await Office.open();
  await office.release(...FULL);

  expect((await office.release("status", "1", "-o", "name")).stdout).toBe("release/1\n");
});
