import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";

import { FileArtifacts } from "../../control-plane/artifacts/file-artifacts.ts";
import { uploadVersion } from "../../control-plane/catalogue/upload-version.ts";
import type { Actor } from "../../control-plane/model/actor.ts";
import type { PluginVersion } from "../../control-plane/model/catalogue.ts";
import { clusterIn, domainNamed, person, pluginIn } from "./catalogue-records.ts";
import { openedStore, type OpenedStore } from "./opened-store.ts";

/** Domain `pay` with cluster `demo` and plugin `tagger`, which dana owns. */
export interface OpenedCatalogue extends OpenedStore {
  readonly artifacts: FileArtifacts;
  /** Uploads a zip as a version of `tagger`. */
  upload(actor: Actor, zip: Buffer, plugin?: string): Promise<PluginVersion>;
  /** Files of artifacts and of checks under way. */
  files(): Promise<readonly string[]>;
}

export async function openedCatalogue(quota = 2 ** 30): Promise<OpenedCatalogue> {
  const opened = await openedStore();
  const { store, clock, folder } = opened;
  await store.change(person("root"), "fill", async (change) => {
    await change.domains.insert(domainNamed("pay"));
    await change.clusters.insert(clusterIn("pay", "demo"));
    await change.plugins.insert(pluginIn("pay", "tagger"));
  });
  const artifacts = await FileArtifacts.open(folder.join("artifacts"), quota);
  const scratch = folder.join("scratch");
  const upload: OpenedCatalogue["upload"] = async (actor, zip, plugin = "tagger") => {
    const path = await folder.write(`received/${randomUUID()}`, zip);
    const received = { plugin, path, size: zip.length, note: "" };
    return uploadVersion({ store, artifacts, clock, scratch }, actor, received);
  };
  return {
    ...opened,
    artifacts,
    upload,
    files: async () => [...(await filesIn(folder.join("artifacts"))), ...(await filesIn(scratch))],
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function filesIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}
