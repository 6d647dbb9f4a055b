import { machine } from "../report.ts";
import type { Usage } from "./control-plane-process.ts";

/** All nodes on their way to being SYNCED, or back to it. */
export interface Coming {
  /** From the moment that they could begin to connect until the API called every node ONLINE and SYNCED. */
  readonly seconds: number;
  readonly usage: Usage;
  /** Resources that came to nodes. */
  readonly received: number;
  readonly downloads: number;
  readonly failedDownloads: number;
}

/** One change on its way to every node; times in ms from before the request to the acknowledgement. */
export interface Pushed {
  readonly acknowledged: number;
  readonly sent: number;
  readonly p50: number;
  readonly p99: number;
  readonly all: number;
  /** Until the API called every node SYNCED. */
  readonly converged: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** The longest that somebody who asked all the time waited for an answer of the API. */
  readonly slowestAnswer: number;
}

export interface FleetResult {
  readonly nodes: number;
  readonly processes: number;
  /** Until every node had a token. */
  readonly tokenSeconds: number;
  readonly empty: Usage;
  readonly connect: Coming;
  /** CPU while nothing but heartbeats came, of a core. */
  readonly idleShare: number;
  readonly chain: readonly Pushed[];
  readonly release: readonly (Pushed & {
    readonly downloadSeconds: number;
    readonly downloadCpuSeconds: number;
  })[];
  readonly killed: Coming;
  readonly told: Coming;
}

/** docs/bench/fleet.md */
export function fleetReport(result: FleetResult): string {
  const { nodes, processes, tokenSeconds, empty, connect, idleShare, chain, release, killed, told } = result;
  const command = `node bench/fleet.ts --nodes ${nodes} --processes ${processes} --out fleet`;
  const perNode = (connect.usage.residentBytes - empty.residentBytes) / nodes / 1024;
  return `# A fleet on one control plane

${number(nodes)} simulated nodes, real grpc-js clients with a TCP connection each, in ${processes} processes on one core; the control
plane on the other: \`control-plane/main.ts\` as a process, default settings, SQLite on disk with \`synchronous=FULL\`.
${machine()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}. Made by:

\`\`\`sh
${command}
\`\`\`

Everything is done by REST, as people do it: five plugins uploaded, released, approved, downloaded, activated and
completed, a token made for each node (${number(nodes)} in ${tokenSeconds.toFixed(1)} s), the chain written. A node downloads each package over a
connection of its own with its own token and checks the digest; it loads nothing and answers at once, so what is measured is the control plane, and
the one core that all nodes share.

| what | time | CPU of the control plane | memory |
| ---- | ---- | ------------------------ | ------ |
| ${coming(`all connect for the first time and download ${number(connect.downloads)} packages, until SYNCED`, connect, empty.cpuSeconds)} |
| heartbeats every 10 s, all idle | 10 s | ${(idleShare * 100).toFixed(1)} % of a core | |
| ${coming("killed (SIGKILL) and started again, until SYNCED", killed)} |
| ${coming("stopped (SIGTERM, Goodbye) and started again, until SYNCED", told)} |

Times after a restart include the start of the process. Memory of a node at rest: ${perNode.toFixed(0)} KiB (${mebibytes(empty.residentBytes)} without any). While all connected, ${number(connect.usage.refused)}
streams were told to come back later since 200 were connecting already, after the kill ${number(killed.usage.refused)}; ${number(connect.failedDownloads)} downloads had to be tried
again. Sent again after the kill: ${killed.usage.sent} by the control plane's own counter, ${killed.received} as nodes counted; after the stop
${told.usage.sent} and ${told.received}: every node resumes by hash.

From before the request (\`PUT …/chain\`, \`POST …/activate\`) to each node's acknowledgement of its chain, as the node saw it; and
until the API called every node SYNCED. The last column is the longest wait for an answer of somebody who asked the API for the
convergence ten times a second meanwhile.

| change | nodes | sent | p50 | p99 | all | SYNCED | CPU | slowest answer |
| ------ | ----- | ---- | --- | --- | --- | ------ | --- | -------------- |
${[...rows("another chain", chain), ...rows("activate a version", release)].join("\n")}

Before each activation the nodes download the version, from the request to DOWNLOADED: ${release
    .map(
      ({ downloadSeconds, downloadCpuSeconds }) =>
        `${downloadSeconds.toFixed(1)} s (${downloadCpuSeconds.toFixed(1)} s of CPU)`,
    )
    .join(", ")}.
`;
}

function coming(what: string, { seconds, usage }: Coming, before = 0): string {
  const since = before === 0 ? " since its start" : "";
  return `${what} | ${seconds.toFixed(1)} s | ${(usage.cpuSeconds - before).toFixed(1)} s${since} | ${mebibytes(usage.residentBytes)}`;
}

function rows(what: string, rounds: readonly Pushed[]): readonly string[] {
  return rounds.map(
    ({ acknowledged, sent, p50, p99, all, converged, cpuSeconds, slowestAnswer }) =>
      `| ${what} | ${number(acknowledged)} | ${number(sent)} | ${p50} ms | ${p99} ms | ${all} ms | ${converged} ms | ` +
      `${cpuSeconds.toFixed(2)} s | ${slowestAnswer} ms |`,
  );
}

function number(value: number): string {
  return value.toLocaleString("en");
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}
