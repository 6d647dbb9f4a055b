import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { BenchRun, type RunOptions } from "./bench-run.ts";
import { CASES } from "./cases.ts";
import { WORKLOADS } from "./load/requests.ts";
import { machine, toMarkdown, type BenchTable } from "./report.ts";
import { readTables, writeTables } from "./result-files.ts";
import { CORES, pinSelf } from "./running-process.ts";

const { values: flags } = parseArgs({
  options: {
    workload: { type: "string", default: WORKLOADS.join() },
    only: { type: "string" },
    rounds: { type: "string", default: "45" },
    slice: { type: "string", default: "200" },
    warmup: { type: "string", default: "40000" },
    "latency-rounds": { type: "string", default: "5" },
    rate: { type: "string", default: "500" },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (flags.help) {
  process.stdout
    .write(`npm run bench -- [--workload http1,h2,grpc] [--only TEXT[,TEXT…]] [--rounds 45] [--slice 200]
  [--warmup 40000] [--latency-rounds 5] [--rate 500] [--out NAME]

Measures the sidecar beside its peers: CPU per request in slices of --slice ms, all cases in turn, --rounds times;
latencies at --rate requests per second in --latency-rounds of them. --warmup is requests to each case before the first
round. --only picks the cases whose name holds one of the texts. --out writes NAME.json and NAME.md into
docs/bench/, where a table replaces the one of the same workload and the others stay: so the whole page may be made of
several runs. Wants two idle cores; about ten minutes.
`);
  process.exit(0);
}

const options: RunOptions = {
  rounds: Number(flags.rounds),
  slice: Number(flags.slice),
  warmup: Number(flags.warmup),
  latencyRounds: Number(flags["latency-rounds"]),
  rate: Number(flags.rate),
  progress: (text) => process.stderr.write(`${text}\n`),
};

function isPicked(name: string): boolean {
  return flags.only?.split(",").some((text) => name.includes(text)) ?? true;
}

pinSelf(CORES.load);
const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
const tables: BenchTable[] = [];
try {
  for (const workload of WORKLOADS.filter((name) => flags.workload.split(",").includes(name))) {
    const picked = CASES.filter((one) => one.workload === workload && isPicked(one.name));
    const possible = picked.filter(({ missing }) => missing === undefined);
    options.progress(`${workload}: ${possible.length} cases`);
    await using run = await BenchRun.start(folder, possible);
    tables.push({
      workload,
      takenAt: new Date().toISOString().slice(0, 10),
      machine: machine(),
      node: process.version,
      command: `npm run bench -- ${process.argv.slice(2).join(" ")}`.trim(),
      rounds: options.rounds,
      slice: options.slice,
      rate: options.rate,
      cases: await run.measure(options),
      left: picked.flatMap(({ name, missing }) => (missing === undefined ? [] : [{ name, why: missing }])),
    });
  }
  process.stdout.write(toMarkdown(tables));
  if (flags.out !== undefined) writeTables(flags.out, [...readTables(flags.out), ...tables]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
