import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

import type { LoadOrder, LoadReport } from "./load/generator.ts";
import { cpuMicros } from "./process-tree.ts";
import { CORES, startPinned } from "./running-process.ts";

const GENERATOR = fileURLToPath(new URL("load/generator.ts", import.meta.url));

/** One run of load against one process tree. */
export interface Measurement extends LoadReport {
  readonly requestsPerSecond: number;
  /** Over the whole tree, all threads, user and system. */
  readonly cpuMicrosPerRequest: number;
}

/** Twelve fields of about thirty bytes, as a browser or a client library sends them. */
export const REQUEST =
  "GET /api/items?page=2 HTTP/1.1\r\nHost: app.example.internal\r\nUser-Agent: bench/1.0 (linux; x64)\r\n" +
  "Accept: application/json, text/plain\r\nAccept-Language: en-US,en;q=0.9\r\nAccept-Encoding: gzip, br\r\n" +
  "Referer: http://app.example.internal/\r\nCookie: a=b; session=0123456789abcdef\r\n" +
  "X-Request-Id: 7f3c2a90-5b1e-4c7d\r\nX-Client-Version: 4.18.2-release\r\n" +
  "Cache-Control: max-age=0\r\nX-Trace-Sampled: 1\r\nX-Tenant: blue-green-team\r\n\r\n";

/** Sends load from a process of its own and reads what the tree under `pid` used while it was counted. */
export async function measure(pid: number, order: LoadOrder): Promise<Measurement> {
  const child = startPinned(CORES.load, [process.execPath, GENERATOR, JSON.stringify(order)]);
  if (child.stdout === null) throw new Error("no standard output");
  const ended = once(child, "exit");
  let before = 0;
  let after = 0;
  let report: LoadReport | undefined;
  for await (const line of createInterface(child.stdout)) {
    if (line === "counting") {
      before = cpuMicros(pid);
      continue;
    }
    after = cpuMicros(pid);
    report = JSON.parse(line) as LoadReport;
  }
  await ended;
  if (report === undefined) throw new Error(`the load generator failed: ${JSON.stringify(order)}`);
  return {
    ...report,
    requestsPerSecond: report.requests / report.seconds,
    cpuMicrosPerRequest: (after - before) / report.requests,
  };
}
