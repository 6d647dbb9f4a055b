import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

import { calledCommand } from "../test/support/called-command.ts";
import { Child } from "../test/support/child.ts";
import { TemporaryFolder } from "../test/support/temporary-folder.ts";

const SLUICE = fileURLToPath(new URL("sluice.js", import.meta.url));
const ANY_PORT = "127.0.0.1:0";

const COMMANDS = [
  ["control-plane", "--api", ANY_PORT, "--push", ANY_PORT, "--folder"],
  ["sidecar", "--inbound", ANY_PORT, "--outbound", ANY_PORT, "--admin", ANY_PORT, "--state-folder"],
] as const;

test.for(COMMANDS)(
  "`sluice %s` becomes the program: one process, which drains and ends as it says",
  async (args) => {
    await using folder = await TemporaryFolder.create();
    await using child = new Child(process.execPath, [SLUICE, ...args, folder.path]);

    const [, pid] = await child.line(/"pid":(\d+),"msg":"ready"/);

    expect(Number(pid)).toBe(child.pid);
    expect(await child.end("SIGINT")).toBe(0);
  },
);

test("whoever kills `sluice control-plane` kills the control plane", async () => {
  await using folder = await TemporaryFolder.create();
  await using child = new Child(process.execPath, [SLUICE, ...COMMANDS[0], folder.path]);
  await child.line(/"msg":"ready"/);
  const closed = once(child.process, "close");

  child.process.kill("SIGKILL");

  expect(await closed).toEqual([null, "SIGKILL"]);
});

test("where a process cannot become another one, the program is its child and the exit code the child's", async () => {
  await using folder = await TemporaryFolder.create();

  const { code } = await calledCommand({ directory: folder.path }, "sidecar", "--no-such-setting");

  expect(code).toBe(1);
});
