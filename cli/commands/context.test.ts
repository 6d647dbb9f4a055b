import { expect, test } from "vitest";

import { calledCommand } from "../../test/support/called-command.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";

test.for(["a b", "", "../up", "a/b", "__proto__"])(
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

test.for(["constructor", "toString"])(
  "a context may be called %s, and is none before it is made",
  async (name) => {
    await using folder = await TemporaryFolder.create();
    const call = (...args: readonly string[]) => calledCommand({ directory: folder.path }, ...args);
    await call("context", "set", "dev", "--server", "http://127.0.0.1:7400");

    expect(await call("context", "use", name)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(`has no context ${name}`),
    });
    expect((await call("context", "set", name)).stderr).toContain("a new one needs --server URL");
    expect(await call("context", "set", name, "--server", "http://127.0.0.1:7400")).toMatchObject({
      code: 0,
    });
    expect((await call("context", "use", name)).stdout).toBe(`context/${name} is current\n`);
  },
);
