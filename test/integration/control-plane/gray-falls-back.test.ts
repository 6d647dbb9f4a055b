import { expect, test } from "vitest";

import type { ControlledSidecar } from "../../support/controlled-sidecar.ts";
import { WholeMesh } from "../../support/whole-mesh.ts";

/** Passes the call that it is tried with before it is in force. */
const BREAKS = `let calls = 0;
export default { execute() {
  if (calls++ > 3) throw new Error("not any more");
  return { headerSet: { "x-tag": "1.2.0" } };
} };`;
/** Far more than it takes until a plugin that throws is tripped. */
const TRIES = 200;

/** Whether the node answers with this tag within `TRIES` requests. */
async function firstTagged(node: ControlledSidecar, tag: string): Promise<boolean> {
  for (let request = 0; request < TRIES; request++)
    if ((await node.get()).headers.get("x-tag") === tag) return true;
  return false;
}

test.for([
  { kind: "nodes" as const, nodes: ["node-1"] },
  { kind: "percentage" as const, percentage: 1 },
])(
  "a gray version that cannot answer on the nodes it was put on gives way to the base: %j",
  { timeout: 40_000 },
  async (target) => {
    await using mesh = await WholeMesh.start();
    await mesh.table("node-1", "here");
    const node = await mesh.node("node-1");
    await node.ready();
    await mesh.release("1.0.0", undefined, ({ counts }) => counts.active === 1);

    await mesh.release("1.1.0", undefined, ({ release }) => release.state === "GRAY", target);
    expect((await node.get()).headers.get("x-tag")).toBe("1.1.0");
    const params = { release: 2 };
    await mesh.plane.admin.call("deleteRelease", { params });
    await mesh.until("getRelease", { params }, ({ settled }) => settled);
    await mesh.release("1.2.0", BREAKS, ({ release }) => release.state === "GRAY", target);

    expect(await firstTagged(node, "1.0.0")).toBe(true);
  },
);
