import type { Actor } from "../model/actor.ts";
import type { Domain } from "../model/catalogue.ts";
import type { Change, Store, Unrevised } from "../store/store.ts";
import { domainNamed } from "./named-records.ts";
import { putRecord, type Put } from "./put-record.ts";

export async function putDomain(
  store: Store,
  actor: Actor,
  wanted: Unrevised<Domain>,
  expected: number | undefined,
): Promise<Domain> {
  const { result } = await store.change(actor, "domain.write", (change) =>
    writeDomain(change, wanted, expected),
  );
  return result.after;
}

/** Part of a change. */
export function writeDomain(
  change: Change,
  wanted: Unrevised<Domain>,
  expected: number | undefined,
): Promise<Put<Domain>> {
  return putRecord(change.domains, { noun: "domain", key: wanted.name }, wanted, expected);
}

/** `in_use` while it has clusters, plugins or tokens for it. */
export async function deleteDomain(
  store: Store,
  actor: Actor,
  name: string,
  expected: number | undefined,
): Promise<void> {
  await store.change(actor, "domain.write", async (change) => {
    await domainNamed(change, name);
    await change.domains.delete(name, expected);
  });
}
