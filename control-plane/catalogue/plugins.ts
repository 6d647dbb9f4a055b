import type { Actor } from "../model/actor.ts";
import type { Plugin } from "../model/catalogue.ts";
import type { Change, Store, Unrevised } from "../store/store.ts";
import { domainNamed, pluginNamed } from "./named-records.ts";
import { requireOwner } from "./owners.ts";
import { putRecord, type Put } from "./put-record.ts";

/** Whoever makes a plugin without naming owners owns it; `forbidden` for others than owners and admins afterwards. */
export async function putPlugin(
  store: Store,
  actor: Actor,
  wanted: Unrevised<Plugin>,
  expected: number | undefined,
): Promise<Plugin> {
  const { result } = await store.change(actor, "plugin.write", (change) =>
    writePlugin(change, actor, wanted, expected),
  );
  return result.after;
}

/** Part of a change. */
export async function writePlugin(
  change: Change,
  actor: Actor,
  wanted: Unrevised<Plugin>,
  expected: number | undefined,
): Promise<Put<Plugin>> {
  await domainNamed(change, wanted.domain, "domain");
  const known = await change.plugins.get(wanted.name);
  if (known !== undefined) requireOwner(actor, known);
  const target = { noun: "plugin", key: wanted.name };
  return putRecord(change.plugins, target, withOwners(actor, known, wanted), expected);
}

/** Somebody owns a plugin from its beginning; nobody twice. */
export function withOwners(
  actor: Actor,
  known: Plugin | undefined,
  wanted: Unrevised<Plugin>,
): Unrevised<Plugin> {
  const isNobodys = known === undefined && wanted.owners.length === 0;
  return { ...wanted, owners: isNobodys ? [actor.name] : [...new Set(wanted.owners)] };
}

/** `in_use` while it has versions or stands in a chain. */
export async function deletePlugin(
  store: Store,
  actor: Actor,
  name: string,
  expected: number | undefined,
): Promise<void> {
  await store.change(actor, "plugin.write", async (change) => {
    requireOwner(actor, await pluginNamed(change, name));
    await change.plugins.delete(name, expected);
  });
}
