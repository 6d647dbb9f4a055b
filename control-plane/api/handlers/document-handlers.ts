import { randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";

import { applyDocuments, type DocumentChange } from "../../catalogue/apply-documents.ts";
import { diffDocuments } from "../../catalogue/diff-documents.ts";
import type { Put } from "../../catalogue/put-record.ts";
import type { ClusterChain } from "../../model/chain.ts";
import type { Store } from "../../store/store.ts";
import { chainAnswer } from "../answers/catalogue-answer.ts";
import type { BytesAnswer } from "../bytes-answer.ts";
import type { EndpointHandlers } from "../endpoint-handler.ts";
import { openApiDocument } from "../open-api.ts";

type Names = "health" | "describeApi" | "applyDocument" | "diffDocuments" | "backup";

/** What is about the whole. `temporaryFolder`: for a backup on its way; it exists. */
export function documentHandlers(store: Store, temporaryFolder: string): EndpointHandlers<Names> {
  return {
    health: async () => ({ status: "ok", tick: await store.read(async (view) => view.tick) }),
    describeApi: async () => openApiDocument(),
    applyDocument: async ({ actor, body }) => {
      const { tick, changes } = await applyDocuments(store, actor, body.documents, { dryRun: body.dryRun });
      return { tick, changes: changes.map(changeAnswer) };
    },
    diffDocuments: async ({ actor, body }) => {
      const { tick, changes } = await diffDocuments(store, actor, body.documents);
      return { tick, changes: changes.map(changeAnswer) };
    },
    backup: async ({ actor }) => {
      await store.noted(actor, "backup", "the whole store");
      return backupAnswer(store, join(temporaryFolder, `${randomUUID()}.sqlite`));
    },
  };
}

/** Records in the API's words: a chain's times are text there. */
function changeAnswer(change: DocumentChange): DocumentChange {
  if (change.kind !== "Chain") return change;
  const { before, after } = change as Put<ClusterChain>;
  const known = before === undefined ? undefined : chainAnswer(before);
  return { ...change, before: known, after: chainAnswer(after) };
}

/** The file has no name any more by the time that it is sent: it is gone with the answer, however that ends. */
async function backupAnswer(store: Store, path: string): Promise<BytesAnswer> {
  try {
    await store.backup(path);
    const file = await open(path, "r");
    const { size } = await file.stat();
    return { size, filename: "sluice.sqlite", tag: undefined, open: async () => file.createReadStream() };
  } finally {
    await rm(path, { force: true });
  }
}
