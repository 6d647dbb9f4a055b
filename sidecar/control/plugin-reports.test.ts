import { mkdir, writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { PackageCache } from "../../core/packages/package-cache.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import { testPackage } from "../../test/support/scripted-plugins.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import type { RunningVersion } from "./node-view.ts";
import { PluginReports } from "./plugin-reports.ts";
import { InvalidPackage, StagedPackage } from "./staged-package.ts";

/** A package that was tried, with this outcome. */
async function staged(plugin: string, outcome: Error | "good"): Promise<StagedPackage> {
  const found = testPackage(plugin);
  const settled = Promise.withResolvers<void>();
  const wanted = { plugin, version: "1.0.0", digest: found.digest, size: 10 };
  const tried = new StagedPackage(wanted, {
    clock: new ManualClock(),
    obtain: async () => {
      if (outcome !== "good") throw outcome;
      return found;
    },
    check: async () => {},
    onStatus: ({ status }) => status.state === "FETCHING" || settled.resolve(),
  });
  await settled.promise;
  return tried;
}

function running(plugin: string, obstacle?: string): RunningVersion {
  const { digest } = testPackage(plugin);
  return { plugin, version: "1.0.0", digest, generation: 1, obstacle, detail: undefined };
}

test("aliyun: a scan ends at the first plugin whose status cannot be had, and hides those behind it", async () => {
  await using folder = await TemporaryFolder.create();
  const cache = new PackageCache(folder.path);
  const torn = folder.join("0".repeat(64));
  await mkdir(torn);
  await writeFile(`${torn}/plugin.yaml`, "name: [");
  await cache.add("tagger.zip", pluginZip());
  const packages = [
    await staged("broken", new InvalidPackage("it throws at the top level")),
    await staged("away", new Error("connection refused")),
    await staged("installed", "good"),
    await staged("guard", "good"),
  ];
  const reports = new PluginReports(() => packages);
  await reports.lookForAliens(cache, new Set(packages.map(({ wanted }) => wanted.digest)));

  const told = reports.all([running("lost", "not_loaded"), running("slow", "quarantined"), running("guard")]);

  expect(told.map(({ plugin, state }) => `${plugin} ${state}`)).toEqual([
    "broken FAILED",
    "away UNKNOWN",
    "installed INSTALLED",
    "guard RUNNING",
    "lost FAILED",
    "slow QUARANTINED",
    "tagger ALIEN",
  ]);
});
