import { authorize } from "../access/authorize.ts";
import type { Actor } from "../model/actor.ts";
import { checkedChange, type CheckedChange } from "../store/checked-change.ts";
import type { Store } from "../store/store.ts";
import type { DocumentKindName } from "./document-kinds.ts";
import type { Put } from "./put-record.ts";
import { placed, readDocuments, type KindedDocument } from "./read-documents.ts";

/** What one document did, or would do. */
export interface DocumentChange extends Put<unknown> {
  readonly kind: DocumentKindName;
  readonly key: string;
}

/**
 * Makes or changes what documents name, each with the right that it needs: all of them or none, in one change. Never
 * deletes. With `dryRun` everything is checked and nothing happens. Whatever is wrong, `problems` name the document.
 */
export async function applyDocuments(
  store: Store,
  actor: Actor,
  documents: readonly unknown[],
  { dryRun }: { readonly dryRun: boolean },
): Promise<{ readonly tick: number; readonly changes: readonly DocumentChange[] }> {
  const read = readDocuments(documents);
  const run = (change: CheckedChange): Promise<readonly DocumentChange[]> => applyAll(change, actor, read);
  if (dryRun) return dryRunOf(store, actor, run);
  const { tick, result } = await checkedChange(store, actor, "apply", run);
  return { tick, changes: result };
}

async function applyAll(
  change: CheckedChange,
  actor: Actor,
  documents: readonly KindedDocument[],
): Promise<readonly DocumentChange[]> {
  const changes: DocumentChange[] = [];
  for (const document of documents) changes.push(await applyOne(change, actor, document));
  return changes;
}

async function applyOne(
  change: CheckedChange,
  actor: Actor,
  document: KindedDocument,
): Promise<DocumentChange> {
  const { kind, key, where } = document;
  try {
    for (const place of await document.places(change)) authorize(actor, document.rights.write, place);
    return { kind, key, ...(await document.write(change, actor)) };
  } catch (thrown) {
    throw placed(where, thrown);
  }
}

/** Carries the result out of a change that is undone. */
class DryRun extends Error {
  readonly changes: readonly DocumentChange[];

  constructor(changes: readonly DocumentChange[]) {
    super("dry run");
    this.changes = changes;
  }
}

async function dryRunOf(
  store: Store,
  actor: Actor,
  run: (change: CheckedChange) => Promise<readonly DocumentChange[]>,
): Promise<{ readonly tick: number; readonly changes: readonly DocumentChange[] }> {
  try {
    const { tick, result } = await checkedChange(store, actor, "apply", async (change) => {
      const changes = await run(change);
      if (changes.some(({ operation }) => operation !== "none")) throw new DryRun(changes);
      return changes;
    });
    return { tick, changes: result };
  } catch (thrown) {
    if (!(thrown instanceof DryRun)) throw thrown;
    return { tick: await store.read(async ({ tick }) => tick), changes: thrown.changes };
  }
}
