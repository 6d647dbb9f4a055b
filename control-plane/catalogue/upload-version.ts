import { readFile } from "node:fs/promises";

import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { DEFAULT_ARCHIVE_LIMITS } from "../../core/packages/archive-limits.ts";
import { formatSize } from "../../core/size.ts";
import type { ArrivedArtifact, Artifacts } from "../artifacts/artifacts.ts";
import type { Actor } from "../model/actor.ts";
import type { PluginVersion } from "../model/catalogue.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Store } from "../store/store.ts";
import { checkPackage, type CheckedPackage } from "./check-package.ts";
import { collectArtifacts } from "./collect-artifacts.ts";
import { pluginNamed } from "./named-records.ts";
import { requireOwner } from "./owners.ts";

export interface UploadContext {
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly clock: Clock;
  /** For unpacking while a package is checked. */
  readonly scratch: string;
}

/** A package that has arrived in a file. */
export interface Upload {
  readonly plugin: string;
  readonly path: string;
  readonly size: number;
  readonly note: string;
}

/**
 * Takes a package in as a new version. The same bytes of a version again are answered as before and change nothing;
 * other bytes are a `conflict`. `forbidden` for others than owners and admins, `invalid_input` for a package that nodes
 * would refuse, `too_large`, `insufficient_storage`: then the disk is as before.
 */
export async function uploadVersion(
  { store, artifacts, clock, scratch }: UploadContext,
  actor: Actor,
  upload: Upload,
): Promise<PluginVersion> {
  requireOwner(actor, await store.read((view) => pluginNamed(view, upload.plugin)));
  const zip = await readUpload(upload);
  const checked = await checkPackage(scratch, upload.plugin, zip);
  // Before their bytes are kept, although only what is within the change decides.
  refuseOtherBytes(await store.read(({ versions }) => versions.get(nameOf(checked))), checked);
  const by = { uploader: actor.name, at: clock.wall(), note: upload.note };
  try {
    using arrived = await artifacts.put(once(zip), zip.length);
    const { result } = await store.change(actor, "version.upload", async (change) => {
      requireOwner(actor, await pluginNamed(change, upload.plugin));
      const wanted = versionOf(checked, arrived, by);
      const known = await change.versions.get(wanted);
      refuseOtherBytes(known, checked);
      return known ?? change.versions.insert(wanted);
    });
    return result;
  } catch (thrown) {
    // Somebody was faster, and no version has these bytes. Where they cannot be deleted now, the sweep does it.
    if (thrown instanceof OperationError && thrown.code === "conflict")
      await collectArtifacts(store, artifacts).catch(() => []);
    throw thrown;
  }
}

function refuseOtherBytes(known: PluginVersion | undefined, { digest }: CheckedPackage): void {
  if (known === undefined || known.digest === digest) return;
  const { plugin, version } = known;
  const message = `${plugin} ${version} exists with digest ${known.digest}, these bytes have ${digest}: a version never changes, use a new version number`;
  throw new OperationError("conflict", message);
}

function nameOf({ manifest }: CheckedPackage): { readonly plugin: string; readonly version: string } {
  return { plugin: manifest.name, version: manifest.version };
}

function versionOf(
  checked: CheckedPackage,
  { size }: ArrivedArtifact,
  { uploader, at, note }: { readonly uploader: string; readonly at: number; readonly note: string },
): Omit<PluginVersion, "revision"> {
  const { digest, manifest, configSchema, readme } = checked;
  return {
    ...nameOf(checked),
    digest,
    size,
    manifest,
    configSchema,
    readme,
    uploader,
    uploadedAt: at,
    approval: "PENDING",
    approvedBy: undefined,
    note,
  };
}

async function readUpload({ path, size }: Upload): Promise<Buffer> {
  const { archive } = DEFAULT_ARCHIVE_LIMITS;
  if (size > archive)
    throw new OperationError("too_large", `the package is larger than ${formatSize(archive)}`);
  try {
    return await readFile(path);
  } catch (cause) {
    throw new OperationError("unavailable", `the upload cannot be read: ${messageOf(cause)}`, { cause });
  }
}

async function* once(bytes: Buffer): AsyncIterable<Uint8Array> {
  yield bytes;
}
