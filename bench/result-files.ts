import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { WORKLOADS } from "./load/requests.ts";
import { toMarkdown, type BenchTable } from "./report.ts";

function pathOf(name: string, extension: string): string {
  return fileURLToPath(new URL(`../docs/bench/${name}.${extension}`, import.meta.url));
}

/** The tables that earlier runs left under this name. */
export function readTables(name: string): readonly BenchTable[] {
  const path = pathOf(name, "json");
  if (!existsSync(path)) return [];
  const found: unknown = JSON.parse(readFileSync(path, "utf8"));
  return Array.isArray(found) ? (found as BenchTable[]) : [];
}

/** Of several tables of one workload the last is kept. */
export function writeTables(name: string, tables: readonly BenchTable[]): void {
  const newest = WORKLOADS.flatMap(
    (workload) => tables.findLast((table) => table.workload === workload) ?? [],
  );
  writeFileSync(pathOf(name, "json"), `${JSON.stringify(newest)}\n`);
  writeFileSync(pathOf(name, "md"), toMarkdown(newest));
}
