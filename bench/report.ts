import { cpus, release } from "node:os";

import { BASELINE, EMPTY_CHAIN } from "./cases.ts";
import type { Measurement } from "./measure.ts";
import { estimate, type Estimate } from "./statistics.ts";

/** Everything that one case gave, a measurement for each round. */
export interface CaseResult {
  readonly name: string;
  readonly saturated: readonly Measurement[];
  readonly fixedRate: readonly Measurement[];
  /** Bytes, after load. */
  readonly proportionalSetSize: number;
}

export interface BenchResult {
  readonly takenAt: string;
  readonly machine: string;
  readonly node: string;
  readonly command: string;
  readonly rate: number;
  readonly connections: number;
  readonly cases: readonly CaseResult[];
  readonly left: readonly { readonly name: string; readonly why: string }[];
}

export function machine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Linux ${release()}`;
}

/** CPU per request of `result` over that of `reference`, round by round, so that the machine's moods cancel out. */
function cpuRatio(result: CaseResult, reference: CaseResult): Estimate {
  return estimate(
    result.saturated.map((run, round) => {
      const other = reference.saturated[round]?.cpuMicrosPerRequest ?? Number.NaN;
      return run.cpuMicrosPerRequest / other;
    }),
  );
}

/** CPU per request above that of `reference`, round by round, in microseconds. */
function cpuAdded(result: CaseResult, reference: CaseResult): Estimate {
  return estimate(
    result.saturated.map((run, round) => {
      return run.cpuMicrosPerRequest - (reference.saturated[round]?.cpuMicrosPerRequest ?? Number.NaN);
    }),
  );
}

/** The result as a Markdown page. */
export function toMarkdown(result: BenchResult): string {
  const find = (name: string): CaseResult | undefined => result.cases.find((one) => one.name === name);
  const baseline = find(BASELINE);
  const references = { baseline, empty: find(EMPTY_CHAIN), lua: find("nginx + Lua") };
  const rows = result.cases.map((one) => row(one, references));
  return `# Bench

\`${result.command}\`, ${result.takenAt}, Node ${result.node}, ${result.machine}. Load and app on one core, what is
measured on the other; small GET with twelve fields, keep-alive, ${result.connections} connections;
${result.cases[0]?.saturated.length ?? 0} interleaved rounds; medians with the 95 % interval of the median. Latencies at
${result.rate} requests per second. Ratios are taken within a round. Compare rows of one run, never runs.

| intermediary | CPU µs per request | × passthrough | × nginx + Lua | + µs over empty chain | requests/s | p50 ms | p99 ms | MiB (proportional) |
|---|---|---|---|---|---|---|---|---|
${rows.join("\n")}
${result.left.map(({ name, why }) => `\nLeft out: ${name}: ${why}.`).join("")}
`;
}

interface References {
  readonly baseline: CaseResult | undefined;
  readonly empty: CaseResult | undefined;
  readonly lua: CaseResult | undefined;
}

function row(one: CaseResult, { baseline, empty, lua }: References): string {
  const of = (pick: (run: Measurement) => number): Estimate => estimate(one.saturated.map(pick));
  const paced = (pick: (run: Measurement) => number): Estimate => estimate(one.fixedRate.map(pick));
  const ratio = (reference: CaseResult | undefined): string =>
    reference === undefined ? "–" : show(cpuRatio(one, reference), 2);
  const cells = [
    one.name,
    show(
      of((run) => run.cpuMicrosPerRequest),
      1,
    ),
    ratio(baseline),
    ratio(lua),
    empty === undefined || !one.name.startsWith("sluice") ? "–" : show(cpuAdded(one, empty), 1),
    of((run) => run.requestsPerSecond).median.toFixed(0),
    show(
      paced((run) => run.p50),
      2,
    ),
    show(
      paced((run) => run.p99),
      2,
    ),
    (one.proportionalSetSize / 2 ** 20).toFixed(0),
  ];
  return `| ${cells.join(" | ")} |`;
}

function show({ median, low, high }: Estimate, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}
