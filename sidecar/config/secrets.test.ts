import { execFileSync } from "node:child_process";

import { expect, test } from "vitest";

import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { resolveSecrets, type SecretContext } from "./secrets.ts";

const context = (directory: string): SecretContext => ({
  directory,
  where: "mesh.yaml",
  environment: { TOKEN: "from-env" },
});

test("references anywhere in a config are replaced, and nothing else", async () => {
  await using folder = await TemporaryFolder.create();
  await folder.write("secrets/key", "from file\n\n");
  const config = {
    token: { fromEnv: "TOKEN" },
    nested: [{ key: { fromFile: "secrets/key" } }, "fromEnv", null, 3],
  };
  const resolved = await resolveSecrets(config, "chain[0].config", context(folder.path));
  expect(resolved).toEqual({
    value: { token: "from-env", nested: [{ key: "from file\n" }, "fromEnv", null, 3] },
    secrets: ["from-env", "from file\n"],
    problems: [],
  });
});

test.each([
  [{ a: { fromEnv: "MISSING" } }, "config.a", /the environment has no MISSING/],
  [{ a: { fromEnv: "constructor" } }, "config.a", /the environment has no constructor/],
  [{ a: { fromFile: "missing" } }, "config.a", /ENOENT/],
  [[{ fromFile: "." }], "config[0]", /is not a file/],
  [{ fromEnv: "TOKEN", default: "x" }, "config", /nothing beside it/],
  [{ fromEnv: 3 }, "config", /expected { fromEnv: NAME }/],
])("%j is a problem of %s", async (config, key, message) => {
  await using folder = await TemporaryFolder.create();
  const { problems } = await resolveSecrets(config, "config", context(folder.path));
  expect(problems).toMatchObject([{ where: "mesh.yaml", key, message: expect.stringMatching(message) }]);
});

test("every reference that fails is named", async () => {
  const config = { a: { fromEnv: "X" }, b: [{ fromEnv: "Y" }] };
  const { problems } = await resolveSecrets(config, "config", context("/"));
  expect(problems.map(({ key }) => key)).toEqual(["config.a", "config.b[0]"]);
});

test("a pipe is refused instead of waited for, and a large file unread", async () => {
  await using folder = await TemporaryFolder.create();
  execFileSync("mkfifo", [folder.join("pipe")]);
  await folder.write("large", "x".repeat(70_000));
  const config = [{ fromFile: "pipe" }, { fromFile: "large" }];
  const { problems } = await resolveSecrets(config, "config", context(folder.path));
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining("is not a file"),
    expect.stringContaining("is longer than 65536 bytes"),
  ]);
});
