import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { WORKLOADS } from "./load/requests.ts";
import { toMarkdown, type BenchTable } from "./report.ts";

const FORMATTER = fileURLToPath(new URL("../node_modules/.bin/oxfmt", import.meta.url));

function pathOf(name: string, extension: string): string {
  return fileURLToPath(new URL(`../docs/bench/${name}.${extension}`, import.meta.url));
}

/** What an earlier run wrote under this name into docs/bench/; undefined if none did. */
export function readResult(name: string): unknown {
  const path = pathOf(name, "json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** NAME.json and NAME.md in docs/bench/, formatted as the checks want it. */
export function writeResult(name: string, result: unknown, page: string): void {
  const data = pathOf(name, "json");
  const text = pathOf(name, "md");
  writeFileSync(data, `${JSON.stringify(result)}\n`);
  writeFileSync(text, page);
  execFileSync(FORMATTER, [data, text]);
}

/** The tables that earlier runs left under this name. */
export function readTables(name: string): readonly BenchTable[] {
  const found = readResult(name);
  return Array.isArray(found) ? (found as BenchTable[]) : [];
}

/** Of several tables of one workload the last is kept. */
export function writeTables(name: string, tables: readonly BenchTable[]): void {
  const newest = WORKLOADS.flatMap(
    (workload) => tables.findLast((table) => table.workload === workload) ?? [],
  );
  writeResult(name, newest, toMarkdown(newest));
}
