import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { CASES, type BenchCase } from "./cases.ts";
import { measure, REQUEST, type Measurement } from "./measure.ts";
import { proportionalSetSize } from "./process-tree.ts";
import { machine, toMarkdown, type BenchResult, type CaseResult } from "./report.ts";
import { CORES, startListening, type RunningProcess } from "./running-process.ts";

const CONNECTIONS = 32;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    seconds: { type: "string", default: "3" },
    rate: { type: "string", default: "200" },
    only: { type: "string" },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (flags.help) {
  process.stdout
    .write(`npm run bench -- [--rounds 9] [--seconds 3] [--rate 200] [--only TEXT[,TEXT…]] [--out NAME]

Measures the sidecar beside its peers; --only picks the cases whose name holds one of the texts; --out writes
NAME.json and NAME.md into docs/bench/. Wants two idle cores.
`);
  process.exit(0);
}

interface Running {
  readonly bench: BenchCase;
  readonly process: RunningProcess;
  readonly saturated: Measurement[];
  readonly fixedRate: Measurement[];
}

async function round({ process: running, saturated, fixedRate }: Running): Promise<void> {
  const duration = Number(flags.seconds) * 1000;
  const load = { port: running.port, warmup: duration / 4, duration, request: REQUEST };
  saturated.push(await measure(running.pid, { ...load, connections: CONNECTIONS, rate: 0 }));
  fixedRate.push(await measure(running.pid, { ...load, connections: 8, rate: Number(flags.rate) }));
}

async function run(folder: string): Promise<BenchResult> {
  const picked = CASES.filter(
    ({ name }) => flags.only?.split(",").some((text) => name.includes(text)) ?? true,
  );
  const possible = picked.filter(({ missing }) => missing === undefined);
  const origin = await startListening(CORES.load, [
    process.execPath,
    fileURLToPath(new URL("load/origin.ts", import.meta.url)),
  ]);
  await using stack = new AsyncDisposableStack();
  stack.use(origin);
  const running: Running[] = [];
  for (const bench of possible) {
    const started = stack.use(await bench.start({ folder, upstream: origin.port }));
    running.push({ bench, process: started, saturated: [], fixedRate: [] });
  }
  process.stderr.write("warming up\n");
  for (const { process: started } of running) {
    // Compilers need some tens of thousands of requests; what they cost is not what a request costs.
    await measure(started.pid, {
      port: started.port,
      connections: CONNECTIONS,
      rate: 0,
      duration: 5000,
      warmup: 100,
      request: REQUEST,
    });
  }
  for (let number = 1; number <= Number(flags.rounds); number++) {
    process.stderr.write(`round ${number} of ${flags.rounds}\n`);
    for (const one of running) await round(one);
  }
  const cases = running.map(({ bench, process: { pid }, saturated, fixedRate }): CaseResult => ({
    name: bench.name,
    saturated,
    fixedRate,
    proportionalSetSize: proportionalSetSize(pid),
  }));
  return {
    takenAt: new Date().toISOString().slice(0, 10),
    machine: machine(),
    node: process.version,
    command: `npm run bench -- ${process.argv.slice(2).join(" ")}`.trim(),
    rate: Number(flags.rate),
    connections: CONNECTIONS,
    cases,
    left: picked.flatMap(({ name, missing }) => (missing === undefined ? [] : [{ name, why: missing }])),
  };
}

const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
try {
  const result = await run(folder);
  const page = toMarkdown(result);
  process.stdout.write(page);
  if (flags.out !== undefined) {
    const target = fileURLToPath(new URL(`../docs/bench/${flags.out}`, import.meta.url));
    writeFileSync(`${target}.json`, `${JSON.stringify(result, undefined, 1)}\n`);
    writeFileSync(`${target}.md`, page);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
