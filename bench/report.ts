import { cpus, release } from "node:os";

import { IN_FLIGHT } from "./bench-run.ts";
import type { Workload } from "./load/requests.ts";
import type { Measurement } from "./measure.ts";
import { EMPTY_CHAIN, isLua, PASSTHROUGH } from "./references.ts";
import { estimate, type Estimate } from "./statistics.ts";

/** Everything that one case gave, a measurement for each round. */
export interface CaseResult {
  readonly name: string;
  readonly saturated: readonly Measurement[];
  readonly fixedRate: readonly Measurement[];
  /** Bytes, after load. */
  readonly proportionalSetSize: number;
}

/** One workload through all cases that can carry it. */
export interface BenchTable {
  readonly workload: Workload;
  readonly takenAt: string;
  readonly machine: string;
  readonly node: string;
  readonly command: string;
  readonly rounds: number;
  /** Milliseconds. */
  readonly slice: number;
  readonly rate: number;
  readonly cases: readonly CaseResult[];
  readonly left: readonly { readonly name: string; readonly why: string }[];
}

const TITLES: Readonly<Record<Workload, string>> = {
  http1: "HTTP/1.1: a small GET with twelve fields; the passthrough is node:http + undici",
  h2: "h2c: the same GET; the passthrough is node:http2",
  grpc: "h2c: a unary call of gRPC, 37 bytes each way; the passthrough is node:http2",
};

export function machine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Linux ${release()}`;
}

/** The tables as a Markdown page. */
export function toMarkdown(tables: readonly BenchTable[]): string {
  return `# Bench

CPU time per request over the whole process tree, as many requests as are answered, ${IN_FLIGHT} under way, keep-alive.
Load, app and gRPC plugin on one core, what is measured on the other. All cases run side by side and are measured in
turn, in short slices and in a new order each round; a ratio is taken within its round, and what is given is the median
over all rounds with its 95 % interval. Compare rows of one table, never tables or runs.
${tables.map(section).join("")}`;
}

function section(table: BenchTable): string {
  const { cases, left } = table;
  const references: References = {
    passthrough: cases.find(({ name }) => name === PASSTHROUGH),
    empty: cases.find(({ name }) => name === EMPTY_CHAIN),
    lua: cases.find(({ name }) => isLua(name)),
  };
  return `
## ${TITLES[table.workload]}

\`${table.command}\`, ${table.takenAt}, Node ${table.node}, ${table.machine}; ${table.rounds} rounds of
${table.slice} ms; latencies at ${table.rate} requests per second.

| intermediary | CPU µs per request | × passthrough | × nginx + Lua | + µs over empty chain | requests/s | p50 ms | p99 ms | MiB (proportional) |
|---|---|---|---|---|---|---|---|---|
${cases.map((one) => row(one, references)).join("\n")}
${left.map(({ name, why }) => `\nLeft out: ${name}: ${why}.`).join("")}
`;
}

interface References {
  readonly passthrough: CaseResult | undefined;
  readonly empty: CaseResult | undefined;
  readonly lua: CaseResult | undefined;
}

function row(one: CaseResult, { passthrough, empty, lua }: References): string {
  const of = (pick: (run: Measurement) => number): Estimate => estimate(one.saturated.map(pick));
  const paced = (pick: (run: Measurement) => number): Estimate => estimate(one.fixedRate.map(pick));
  const ratio = (reference: CaseResult | undefined): string =>
    reference === undefined ? "–" : show(compared(one, reference, divided), 2);
  const cells = [
    one.name,
    show(of(cpu), 1),
    ratio(passthrough),
    ratio(lua),
    empty === undefined || !one.name.startsWith("sluice,") ? "–" : show(compared(one, empty, added), 1),
    of(({ requests, seconds }) => requests / seconds).median.toFixed(0),
    show(
      paced(({ p50 }) => p50),
      2,
    ),
    show(
      paced(({ p99 }) => p99),
      2,
    ),
    (one.proportionalSetSize / 2 ** 20).toFixed(0),
  ];
  return `| ${cells.join(" | ")} |`;
}

function cpu({ cpuMicros, requests }: Measurement): number {
  return cpuMicros / requests;
}

function divided(own: number, other: number): number {
  return own / other;
}

function added(own: number, other: number): number {
  return own - other;
}

/** CPU per request of `one` beside that of `reference`, round by round, so that the machine's moods cancel out. */
function compared(
  one: CaseResult,
  reference: CaseResult,
  compare: (own: number, other: number) => number,
): Estimate {
  return estimate(
    one.saturated.map((run, round) => {
      const other = reference.saturated[round];
      return other === undefined ? Number.NaN : compare(cpu(run), cpu(other));
    }),
  );
}

function show({ median, low, high }: Estimate, digits: number): string {
  // Nothing was measured: a run may leave latencies out.
  if (Number.isNaN(median)) return "–";
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
