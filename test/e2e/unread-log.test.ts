import { expect, test } from "vitest";

import { TestMesh } from "../support/mesh.ts";
import { RawServer } from "../support/raw-socket.ts";

test("a sidecar whose log nobody reads any more drains and ends", async () => {
  await using app = await RawServer.listen(() => {});
  await using mesh = await TestMesh.start({ app: app.port });

  mesh.child.process.stdout?.destroy();
  const code = await mesh.child.end("SIGTERM");

  expect(code).toBe(0);
});
