import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { download, upload } from "./load/bulk-transfer.ts";
import { machine } from "./report.ts";
import { writeResult } from "./result-files.ts";
import { CORES, freePort, startListening, startOnPort } from "./running-process.ts";
import { sidecarCase } from "./sidecar-case.ts";

const MIB = 1024 * 1024;
const ALLOWED = 32 * MIB;
const SAMPLE_EVERY = 100;

const { values: flags } = parseArgs({
  options: {
    mib: { type: "string", default: "4096" },
    rate: { type: "string", default: "64" },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (flags.help) {
  process.stdout.write(`node bench/flat-memory.ts [--mib 4096] [--rate 64] [--out NAME]

So many MiB up and as many down at once through one sidecar, the reader slowed down to --rate MiB/s; the sidecar's
resident memory is sampled. Exits with 1 if it grows by 32 MiB. --out writes NAME.json and NAME.md into docs/bench/.
`);
  process.exit(0);
}

interface Result {
  readonly takenAt: string;
  readonly machine: string;
  readonly node: string;
  readonly command: string;
  readonly seconds: number;
  readonly up: number;
  readonly down: number;
  /** Resident bytes of the sidecar's process: idle, behind a warm-up of 64 MiB each way, at most, and at the end. */
  readonly idle: number;
  readonly warm: number;
  readonly peak: number;
  readonly after: number;
  readonly samples: number;
}

function residentMemory(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) * 1024;
}

async function both(port: number, bytes: number, rate: number): Promise<{ up: number; down: number }> {
  const [up, down] = await Promise.all([upload(port, bytes), download(port, bytes, rate)]);
  return { up, down };
}

async function run(folder: string): Promise<Result> {
  const bulkOrigin = fileURLToPath(new URL("load/bulk-origin.ts", import.meta.url));
  await using origin = await startListening(CORES.load, [process.execPath, bulkOrigin]);
  const port = await freePort();
  const { config, command } = sidecarCase(
    { folder, port, upstream: origin.port, workload: "http1", grpcPlugin: 0 },
    { runtime: "isolate", count: 0, positions: [] },
  );
  writeFileSync(join(folder, "mesh.yaml"), config);
  await using sidecar = await startOnPort(CORES.measured, command, port);

  const rate = Number(flags.rate) * MIB;
  const idle = residentMemory(sidecar.pid);
  await both(port, 64 * MIB, rate);
  const warm = residentMemory(sidecar.pid);
  const samples: number[] = [];
  const sampling = setInterval(() => samples.push(residentMemory(sidecar.pid)), SAMPLE_EVERY);
  const startedAt = performance.now();
  const moved = await both(port, Number(flags.mib) * MIB, rate);
  clearInterval(sampling);
  return {
    takenAt: new Date().toISOString().slice(0, 10),
    machine: machine(),
    node: process.version,
    command: `node bench/flat-memory.ts ${process.argv.slice(2).join(" ")}`.trim(),
    seconds: Math.round((performance.now() - startedAt) / 1000),
    ...moved,
    idle,
    warm,
    peak: Math.max(...samples),
    after: residentMemory(sidecar.pid),
    samples: samples.length,
  };
}

function toMarkdown(result: Result): string {
  const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
  const { idle, warm, peak, after } = result;
  return `# Flat memory

\`${result.command}\`, ${result.takenAt}, ${result.machine}, Node ${result.node}.

${mib(result.up)} MiB up and ${mib(result.down)} MiB down at once through one sidecar process (HTTP/1.1, empty chain) in
${result.seconds} s, the reader slowed down to ${flags.rate} MiB/s. Resident memory of the sidecar's process, ${result.samples}
samples:

| moment | MiB |
| --- | --- |
| idle | ${mib(idle)} |
| behind a warm-up of 64 MiB each way | ${mib(warm)} |
| at most during the run | ${mib(peak)} |
| behind it | ${mib(after)} |
| growth over the warm-up | ${mib(peak - warm)} |
| growth over idle | ${mib(peak - idle)} |
`;
}

const folder = mkdtempSync(join(tmpdir(), "sluice-flat-memory-"));
try {
  const result = await run(folder);
  const page = toMarkdown(result);
  process.stdout.write(page);
  const expected = Number(flags.mib) * MIB;
  const whole = result.up === expected && result.down === expected;
  if (!whole || result.peak - result.warm >= ALLOWED) process.exitCode = 1;
  if (flags.out !== undefined) writeResult(flags.out, result, page);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
