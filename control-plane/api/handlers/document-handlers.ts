import { randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";

import { applyDocuments } from "../../catalogue/apply-documents.ts";
import type { Store } from "../../store/store.ts";
import type { BytesAnswer } from "../bytes-answer.ts";
import type { EndpointHandlers } from "../endpoint-handler.ts";
import { openApiDocument } from "../open-api.ts";

type Names = "health" | "describeApi" | "applyDocument" | "backup";

/** What is about the whole. `temporaryFolder`: for a backup on its way; it exists. */
export function documentHandlers(store: Store, temporaryFolder: string): EndpointHandlers<Names> {
  return {
    health: async () => ({ status: "ok", tick: await store.read(async (view) => view.tick) }),
    describeApi: async () => openApiDocument(),
    applyDocument: async ({ actor, body }) => {
      const { tick, changes } = await applyDocuments(store, actor, body.documents, { dryRun: body.dryRun });
      return { tick, changes: [...changes] };
    },
    backup: async ({ actor }) => {
      await store.noted(actor, "backup", "the whole store");
      return backupAnswer(store, join(temporaryFolder, `${randomUUID()}.sqlite`));
    },
  };
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
