import { mkdir } from "node:fs/promises";

import { expect, test } from "vitest";

import { calledCommand } from "../test/support/called-command.ts";
import { TestControlPlane } from "../test/support/control-plane.ts";

test.for([
  ["gone/mesh.db", /there is no folder .*\/gone: make it first/],
  ["admin.txt/mesh.db", /admin\.txt is no folder/],
  ["folder", /folder is a folder: name a file/],
] as const)(
  "a backup into %s asks the control plane for nothing and says what to do",
  async ([file, message]) => {
    await using plane = await TestControlPlane.start();
    await plane.folder.write("admin.txt", "");
    await mkdir(plane.folder.join("folder"));
    const place = { server: plane.baseUrl, token: plane.adminSecret, directory: plane.folder.path };

    const { code, stderr } = await calledCommand(place, "control-plane", "backup", file);
    const audit = await calledCommand(place, "audit", "--action", "backup");

    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect(audit.stdout).not.toContain("backup");
  },
);
