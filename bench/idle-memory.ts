import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { processTree, proportionalSetSize } from "./process-tree.ts";
import { machine } from "./report.ts";
import { writeResult } from "./result-files.ts";
import { CORES, freePort, startListening, startOnPort } from "./running-process.ts";
import { sidecarCase } from "./sidecar-case.ts";

const MIB = 1024 * 1024;
const ALLOWED_IDLE = 180 * MIB;
const ALLOWED_GROWTH = 1.2;
const PLUGINS = 3;
/** ms: a new version is in force, and everything has come to rest. */
const RELOAD_TIMEOUT = 20_000;
const SETTLE = 10_000;

const { values: flags } = parseArgs({
  options: {
    reloads: { type: "string", default: "500" },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (flags.help) {
  process.stdout.write(`node bench/idle-memory.ts [--reloads 500] [--out NAME]

Proportional set size of a sidecar with three isolate plugins at both positions, its hosts included: idle, after 20
reloads and after so many as --reloads says, each ${SETTLE / 1000} s later. Run from the sources, and as \`npm run build:image\` makes it
where that was run. Exits with 1 if idle takes more than 180 MiB or the reloads more than a fifth more than 20 did.
--out writes NAME.json and NAME.md into docs/bench/.
`);
  process.exit(0);
}

const PROGRAMS = [
  {
    name: "built, as in the image",
    path: fileURLToPath(new URL("../dist/image/sidecar/main.js", import.meta.url)),
  },
  { name: "from the sources", path: fileURLToPath(new URL("../sidecar/main.ts", import.meta.url)) },
] as const;

/** Bytes. */
interface Memory {
  readonly sidecar: number;
  readonly hosts: readonly number[];
  readonly all: number;
}

interface ProgramResult {
  readonly name: string;
  readonly idle: Memory;
  readonly afterTwenty: Memory;
  readonly afterAll: Memory;
}

async function settledMemory(pid: number): Promise<Memory> {
  await pause(SETTLE);
  const [sidecar = 0, ...children] = processTree(pid).map(ownSetSize);
  return { sidecar, hosts: children, all: proportionalSetSize(pid) };
}

function ownSetSize(pid: number): number {
  const line = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  return Number(line?.[1] ?? 0) * 1024;
}

/** Writes version `number` of a plugin, and waits until an answer carries its header. */
async function reload(folder: string, port: number, number: number): Promise<void> {
  const name = `bench-${(number % PLUGINS) + 1}`;
  const version = String(number);
  const source = `export default {
  execute: () => ({ headerSet: { "X-Web-${name}": "${version}" } }),
};
`;
  const path = join(folder, "plugins", name, "src/plugin.ts");
  // In one step: a file that is half written is a version of its own.
  writeFileSync(join(folder, "next.ts"), source);
  renameSync(join(folder, "next.ts"), path);
  const due = performance.now() + RELOAD_TIMEOUT;
  while ((await headerOfAnswer(port, `x-web-${name}`)) !== version) {
    if (performance.now() > due) throw new Error(`reload ${number} of ${name} did not come into force`);
    await pause(10);
  }
}

async function headerOfAnswer(port: number, name: string): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const request = get({ port, host: "127.0.0.1" }, (response) => {
    resolve(response.headers[name]?.toString());
    response.resume();
  });
  request.on("error", reject);
  return promise;
}

async function measure(name: string, program: string, folder: string): Promise<ProgramResult> {
  const originPath = fileURLToPath(new URL("load/origin.ts", import.meta.url));
  await using origin = await startListening(CORES.load, [process.execPath, originPath]);
  const port = await freePort();
  const { config, command } = sidecarCase(
    { folder, port, upstream: origin.port, workload: "http1", grpcPlugin: 0 },
    { runtime: "isolate", count: PLUGINS, positions: ["request", "response"] },
    program,
  );
  writeFileSync(join(folder, "mesh.yaml"), config);
  await using sidecar = await startOnPort(CORES.measured, command, port);
  const idle = await settledMemory(sidecar.pid);
  let number = 0;
  while (number < 20) await reload(folder, port, ++number);
  const afterTwenty = await settledMemory(sidecar.pid);
  while (number < Number(flags.reloads)) await reload(folder, port, ++number);
  return { name, idle, afterTwenty, afterAll: await settledMemory(sidecar.pid) };
}

function rowsOf({ name, idle, afterTwenty, afterAll }: ProgramResult): string {
  const mib = (bytes: number): string => (bytes / MIB).toFixed(0);
  const row = (when: string, { sidecar, hosts, all }: Memory): string =>
    `| ${name} | ${when} | ${mib(sidecar)} | ${hosts.map(mib).join(", ")} | ${mib(all)} |`;
  const growth = ((afterAll.all / afterTwenty.all - 1) * 100).toFixed(0);
  return [
    row("idle", idle),
    row("after 20 reloads", afterTwenty),
    row(`after ${flags.reloads} reloads (${growth} % more than after 20)`, afterAll),
  ].join("\n");
}

const results: ProgramResult[] = [];
for (const { name, path } of PROGRAMS) {
  if (!existsSync(path)) continue;
  const folder = mkdtempSync(join(tmpdir(), "sluice-idle-memory-"));
  try {
    results.push(await measure(name, path, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const command = `node bench/idle-memory.ts ${process.argv.slice(2).join(" ")}`.trim();
const takenAt = new Date().toISOString().slice(0, 10);
const page = `# Idle memory

\`${command}\`, ${takenAt}, ${machine()}, Node ${process.version}.

Proportional set size in MiB of a sidecar with three isolate plugins, its active and its standby host. At most 180 when
idle, and after all reloads at most a fifth more than after 20.

| program | when | sidecar | hosts | together |
| --- | --- | --- | --- | --- |
${results.map(rowsOf).join("\n")}
`;
process.stdout.write(page);
const holds = results.every(
  ({ idle, afterTwenty, afterAll }) =>
    idle.all <= ALLOWED_IDLE && afterAll.all <= ALLOWED_GROWTH * afterTwenty.all,
);
if (!holds) process.exitCode = 1;
if (flags.out !== undefined) {
  const result = { takenAt, machine: machine(), node: process.version, command, results };
  writeResult(flags.out, result, page);
}
