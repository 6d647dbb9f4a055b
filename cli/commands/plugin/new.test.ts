import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

import { calledCommand, type CalledCommand } from "../../../test/support/called-command.ts";
import { TemporaryFolder } from "../../../test/support/temporary-folder.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const run = promisify(execFile);

const plugin = (folder: TemporaryFolder, ...args: readonly string[]): Promise<CalledCommand> =>
  calledCommand({ directory: folder.path }, "plugin", ...args);

/** A project that has Sluice installed. */
async function project(): Promise<TemporaryFolder> {
  const folder = await TemporaryFolder.create();
  await writeFile(folder.join("package.json"), '{ "type": "module" }');
  await mkdir(folder.join("node_modules"));
  await symlink(ROOT, folder.join("node_modules/sluice"));
  return folder;
}

test("a new plugin can be packed, and its test passes by the command that is printed", async () => {
  await using folder = await project();

  const made = await plugin(folder, "new", "plugins/greeter");
  const packed = await plugin(folder, "pack", "plugins/greeter");

  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(packed.stdout).toContain("greeter-1.0.0.zip");
  const [, file = ""] = /npx node (--test \S+)\n$/.exec(made.stdout) ?? [];
  const { stdout } = await run(process.execPath, file.split(" "), { cwd: folder.path });
  expect(stdout).toContain("pass 1");
});

test("a folder with files in it, and a name that no plugin may have, are left alone", async () => {
  await using folder = await project();

  await plugin(folder, "new", "greeter");

  expect(await plugin(folder, "new", "greeter")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("has files already"),
  });
  expect(await plugin(folder, "new", "Greeter")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("lower-case"),
  });
  expect(await plugin(folder, "new", "package.json/greeter")).toMatchObject({ code: 2 });
});
