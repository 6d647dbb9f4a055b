import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { DEFAULT_WIRE_LIMITS } from "./http/limits.ts";
import { readSettings } from "./settings-source.ts";
import { SIDECAR_SETTINGS, wireLimits } from "./settings.ts";

test("every default is one that the setting itself would accept", () => {
  for (const [name, option] of Object.entries(SIDECAR_SETTINGS)) {
    // Empty means that there is none, which nobody can ask for.
    if (option.default === "") continue;
    const shown = option.show(option.default as never);

    expect({ name, read: option.read(shown) }).toEqual({ name, read: { ok: true, value: option.default } });
  }
});

test("without any setting the wire's limits are its own defaults", async () => {
  const { values } = await readSettings([], {});

  expect(wireLimits(values)).toEqual(DEFAULT_WIRE_LIMITS);
});

test("flags, environment and the file's sidecar section meet in one answer", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-settings-"));
  const path = join(folder.path, "mesh.yaml");
  await writeFile(path, "sidecar:\n  headBytes: 64KiB\n  accessLog: true\n  drainDelay: 1s\nchain: []\n");
  const args = ["--config", path, "--no-access-log", "--trusted-proxies", "10.0.0.0/8,::1"];

  const { values, origins } = await readSettings(args, { SLUICE_DRAIN_DELAY: "2s" });

  expect(values).toMatchObject({ headBytes: 65_536, accessLog: false, drainDelay: 2_000, config: path });
  expect(values.trustedProxies).toEqual(["10.0.0.0/8", "::1"]);
  expect(origins).toMatchObject({ headBytes: "file", accessLog: "flag", drainDelay: "environment" });
});

test.each([
  ["sidecar:\n  headBytes: 1B\n", "mesh.yaml: sidecar.headBytes: 1B is out of range, expected 1KiB to 1MiB"],
  ["sidecar: [1\n", "mesh.yaml: "],
  ["a: 1\na: 2\n", "mesh.yaml: the key a is there more than once"],
  [
    "sidecar:\n  trustedProxies: [10.0.0.0/33]\n",
    'mesh.yaml: sidecar.trustedProxies: "10.0.0.0/33": expected a network',
  ],
])("a file that says %j is refused by name", async (content, message) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-settings-"));
  const path = join(folder.path, "mesh.yaml");
  await writeFile(path, content);

  await expect(readSettings([], { SLUICE_CONFIG: path })).rejects.toThrow(message);
});

test("a file that is not there is named with the reason", async () => {
  await expect(readSettings(["--config", "/nowhere/mesh.yaml"], {})).rejects.toThrow(
    "/nowhere/mesh.yaml: cannot be read: ENOENT",
  );
});

test("a device in place of the file is refused rather than read without an end", async () => {
  await expect(readSettings(["--config", "/dev/zero"], {})).rejects.toThrow(
    "/dev/zero: cannot be read: /dev/zero is not a file",
  );
});
