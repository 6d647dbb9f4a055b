import { expect, test } from "vitest";

import { calledCommand, startedCommand } from "../test/support/called-command.ts";
import { TestControlPlane } from "../test/support/control-plane.ts";
import { fixedPort } from "../test/support/fixed-port.ts";
import { TemporaryFolder } from "../test/support/temporary-folder.ts";
import { TestNode } from "../test/support/test-node.ts";

/** A control plane that comes back on its ports and its store. */
async function startOn(folder: TemporaryFolder, ports: readonly [number, number]): Promise<TestControlPlane> {
  const [api, push] = ports.map((port) => ({ host: "127.0.0.1", port }));
  return TestControlPlane.start({ folder, settings: { api: api!, push: push! } });
}

const LOST = /^sluice: interrupted: cannot reach the control plane at .*; going on when it is back$/gm;

const LOST_NODE = /^sluice: interrupted: .*; going on when it is back$/m;

test.for([
  [["get", "nodes", "-w"], /NODE/],
  [["get", "releases", "-w"], /ID/],
  [["logs", "plugin", "tagger", "--node", "web-1", "-f"], /first/],
] as const)(
  "%j says that the control plane is gone and that it is back, and goes on",
  async ([args, shown]) => {
    await using folder = await TemporaryFolder.create();
    const ports = [await fixedPort(), await fixedPort()] as const;
    await using gone = await startOn(folder, ports);
    await gone.withClusters();
    const token = await gone.token("node", { kind: "all" }, "web-1");
    const place = { server: gone.baseUrl, token: await gone.token("operator"), directory: folder.path };
    const greet = async (): Promise<TestNode> => {
      const node = TestNode.greet(ports[1], "web-1", { token, hello: { cluster: "demo" } });
      await node.next("welcome");
      return node;
    };
    /** Where the log is asked for. */
    const logs = async (node: TestNode, text: string): Promise<void> => {
      if (args[0] !== "logs") return;
      const { id } = await node.next("readLog");
      node.send({ log: { id, lines: [text] } });
    };
    await using node = await greet();
    const watching = startedCommand(place, ...args);
    await logs(node, "first");
    await watching.wrote(shown);

    await gone[Symbol.asyncDispose]();
    await watching.wrote(LOST);
    await using back = await startOn(folder, ports);
    await using again = await greet();
    await logs(again, "second");
    await watching.wrote(/^sluice: it is back$/m);
    if (args[0] === "logs") await watching.wrote(/second/);
    watching.stop();

    const { code, stderr } = await watching.ended;
    expect([code, stderr.match(LOST)?.length]).toEqual([0, 1]);
    expect(await calledCommand({ ...place, server: back.baseUrl }, "get", "clusters")).toMatchObject({
      code: 0,
    });
  },
);

test("a watch that nobody answers from the beginning fails at once, by its exit code", async () => {
  await using folder = await TemporaryFolder.create();
  const place = {
    server: `http://127.0.0.1:${await fixedPort()}`,
    token: "sluice_x",
    directory: folder.path,
  };

  expect(await calledCommand(place, "get", "nodes", "-w")).toMatchObject({ code: 6, stdout: "" });
});

test("a followed log goes on after the last line that was shown, and says where lines are missing", async () => {
  await using plane = await (await TestControlPlane.start()).withClusters();
  const token = await plane.token("node", { kind: "all" }, "web-1");
  const place = {
    server: plane.baseUrl,
    token: await plane.token("operator"),
    directory: plane.folder.path,
  };
  const greet = async (): Promise<TestNode> => {
    const node = TestNode.greet(plane.ports.push, "web-1", { token, hello: { cluster: "demo" } });
    await node.next("welcome");
    return node;
  };
  const first = await greet();
  const following = startedCommand(
    place,
    "logs",
    "plugin",
    "tagger",
    "--node",
    "web-1",
    "--tail",
    "7B",
    "-f",
  );
  const asked = await first.next("readLog");
  first.send({ log: { id: asked.id, lines: ["first"], position: "a-6" } });
  first.send({ log: { id: asked.id, lines: ["second"], position: "a-13" } });
  await following.wrote(/second/);
  await first[Symbol.asyncDispose]();

  await following.wrote(LOST_NODE);
  await using second = await greet();
  const again = await second.next("readLog");
  second.send({ log: { id: again.id, lines: ["fifth"], position: "b-6", lost: true } });
  await following.wrote(/fifth/);
  following.stop();

  expect([asked, again]).toMatchObject([
    { tailBytes: 7, after: "" },
    { after: "a-13", follow: true },
  ]);
  expect((await following.ended).stdout).toBe(
    "first\nsecond\n(lines are missing here: they are not kept any more)\nfifth\n",
  );
});
