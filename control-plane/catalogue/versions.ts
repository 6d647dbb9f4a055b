import type { Actor } from "../model/actor.ts";
import type { PluginVersion, VersionApproval } from "../model/catalogue.ts";
import { OperationError } from "../model/operation-error.ts";
import type { Store } from "../store/store.ts";
import { pluginNamed, versionNamed } from "./named-records.ts";
import { requireOwner } from "./owners.ts";

export interface VersionName {
  readonly plugin: string;
  readonly version: string;
}

/** Allows a version to be released. `forbidden` for its uploader, `wrong_state` where it is approved already. */
export function approveVersion(
  store: Store,
  actor: Actor,
  name: VersionName,
  note: string,
): Promise<PluginVersion> {
  return judge(store, actor, name, { action: "version.approve", approval: "APPROVED", note });
}

/** Forbids a version to be released; what runs of it stays. `forbidden` for its uploader. */
export function refuseVersion(
  store: Store,
  actor: Actor,
  name: VersionName,
  reason: string,
): Promise<PluginVersion> {
  return judge(store, actor, name, { action: "version.refuse", approval: "REFUSED", note: reason });
}

/** Its bytes go with the next collection. `in_use` while a release of it is open or in force. */
export async function deleteVersion(
  store: Store,
  actor: Actor,
  name: VersionName,
  expected: number | undefined,
): Promise<void> {
  await store.change(actor, "version.delete", async (change) => {
    await versionNamed(change, name);
    requireOwner(actor, await pluginNamed(change, name.plugin));
    await change.versions.delete(name, expected);
  });
}

/** Throws `forbidden` for who uploaded the version. */
export function refuseOwnVersion({ plugin, version, uploader }: PluginVersion, name: string): void {
  if (uploader !== name) return;
  throw new OperationError(
    "forbidden",
    `${name} has uploaded ${plugin} ${version}: another person with role approver must judge it`,
  );
}

interface Judgement {
  readonly action: string;
  readonly approval: VersionApproval;
  readonly note: string;
}

async function judge(
  store: Store,
  actor: Actor,
  name: VersionName,
  { action, approval, note }: Judgement,
): Promise<PluginVersion> {
  const { result } = await store.change(actor, action, async ({ versions, plugins }) => {
    const version = await versionNamed({ versions, plugins }, name);
    const text = `${name.plugin} ${name.version}`;
    refuseOwnVersion(version, actor.name);
    if (version.approval === approval)
      throw new OperationError("wrong_state", `${text} is ${approval} already`);
    return versions.update({ ...version, approval, approvedBy: actor.name, note }, version.revision);
  });
  return result;
}
