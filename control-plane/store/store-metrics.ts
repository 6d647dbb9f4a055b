import { statSync } from "node:fs";

import type { MetricsRegistry } from "../../core/metrics/registry.ts";
import { storeFile } from "./sqlite/sqlite-database.ts";

/** Registers what the store of a folder takes on the disk, read at each scrape. */
export function observeStore(registry: MetricsRegistry, folder: string): void {
  registry.observe(
    "sluice_cp_store_bytes",
    "Bytes of the store on disk. Audit is never deleted, so it grows with what people and nodes change.",
    "gauge",
    [],
    () => [[[], bytesOf(storeFile(folder)) + bytesOf(`${storeFile(folder)}-wal`)]],
  );
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
