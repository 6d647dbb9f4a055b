import { authorize } from "../access/authorize.ts";
import type { Actor } from "../model/actor.ts";
import type { Cluster } from "../model/catalogue.ts";
import type { Store, View } from "../store/store.ts";
import type { DocumentChange } from "./apply-documents.ts";
import type { Whereabouts } from "./document-kinds.ts";
import { placed, readDocuments, type KindedDocument } from "./read-documents.ts";

/**
 * How what is there differs from documents, for whoever may read what they name: writes nothing and takes no right to
 * write. Documents that are wrong in themselves are refused as by `applyDocuments`; whether they fit each other and
 * what is there is for its dry run to say.
 */
export function diffDocuments(
  store: Store,
  actor: Actor,
  documents: readonly unknown[],
): Promise<{ readonly tick: number; readonly changes: readonly DocumentChange[] }> {
  const read = readDocuments(documents);
  return store.read(async (view) => {
    const changes: DocumentChange[] = [];
    const known = withNew(view, changes);
    for (const document of read) changes.push(await diffOne(view, actor, document, known));
    return { tick: view.tick, changes };
  });
}

async function diffOne(
  view: View,
  actor: Actor,
  document: KindedDocument,
  known: Whereabouts,
): Promise<DocumentChange> {
  const { kind, key, where, rights } = document;
  try {
    for (const place of await document.places(known)) authorize(actor, rights.read, place);
    return { kind, key, ...(await document.compare(view, actor)) };
  } catch (thrown) {
    throw placed(where, thrown);
  }
}

/** A cluster that is not there yet is where its document says, which comes before that of its chain: so is the chain. */
function withNew({ clusters, plugins }: View, changes: readonly DocumentChange[]): Whereabouts {
  const made = (name: string): Cluster | undefined => {
    const found = changes.find(({ kind, key }) => kind === "Cluster" && key === name);
    return found?.after as Cluster | undefined;
  };
  return { plugins, clusters: { get: async (name) => (await clusters.get(name)) ?? made(name) } };
}
