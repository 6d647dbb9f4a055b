import { expect, test } from "vitest";

import { calledCommand } from "../../test/support/called-command.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";

test.for(["a b", "", "../up", "a/b"])(
  "a context is never written under %j, which no command could read",
  async (name) => {
    await using folder = await TemporaryFolder.create();
    const call = (...args: readonly string[]) => calledCommand({ directory: folder.path }, ...args);
    const server = ["--server", "http://127.0.0.1:7400"];
    await call("context", "set", "dev", ...server);

    const refused = await call("context", "set", name, ...server);

    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("letters, digits, ., _ and -"),
    });
    expect((await call("context", "list")).stdout).toContain("* dev");
  },
);
