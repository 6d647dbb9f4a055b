import { expect, test } from "vitest";

import { TestApp } from "../../support/app.ts";
import { TestMesh } from "../../support/mesh.ts";

test("settings that would not let the sidecar start are refused at once, and what was before goes on", async () => {
  await using app = await TestApp.start();
  await using mesh = await TestMesh.start({ app: app.port });

  await mesh.configure({ settings: { maxConnections: 0, inbond: "127.0.0.1:1" } });
  const [line] = await mesh.child.line(/.*configuration refused.*/);

  expect(line).toContain("sidecar.maxConnections: 0 is out of range");
  expect(line).toContain('sidecar.inbond: unknown key, did you mean \\"inbound\\"?');
  expect((await fetch(`http://127.0.0.1:${mesh.inbound}/`)).status).toBe(200);
});
