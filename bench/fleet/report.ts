import { machine } from "../report.ts";
import type { Usage } from "./messages.ts";

interface Coming {
  /** From the moment that the control plane listened until every node was SYNCED. */
  readonly seconds: number;
  readonly usage: Usage;
}

/** One change on its way to every node; times in ms from before its transaction to the acknowledgement. */
export interface Pushed {
  readonly nodes: number;
  readonly p50: number;
  readonly p99: number;
  readonly all: number;
  readonly cpuSeconds: number;
  readonly longestTurn: number;
  readonly residentBytes: number;
}

export interface FleetResult {
  readonly nodes: number;
  readonly processes: number;
  readonly empty: Usage;
  readonly connect: Coming;
  readonly idle: { readonly seconds: number; readonly cpuSeconds: number };
  readonly chain: readonly Pushed[];
  readonly release: readonly Pushed[];
  readonly killed: Coming;
  readonly told: Coming;
}

/** docs/bench/fleet.md */
export function fleetReport(result: FleetResult): string {
  const { nodes, processes, empty, connect, idle, chain, release, killed, told } = result;
  const command = `node bench/fleet.ts --nodes ${nodes} --processes ${processes} --out fleet`;
  const perNode = (connect.usage.residentBytes - empty.residentBytes) / nodes / 1024;
  return `# A fleet on one control plane

${nodes.toLocaleString("en")} simulated nodes, real grpc-js clients with a TCP connection each, in ${processes} processes on one core; the control
plane (SQLite on disk, \`synchronous=FULL\`) on the other. ${machine()}, Node ${process.version},
${new Date().toISOString().slice(0, 10)}. Made by:

\`\`\`sh
${command}
\`\`\`

The control plane of the bench is its store, snapshots from releases, reports and push, without REST and with tokens that
are looked up in no table; a cluster with a chain of five plugins. A node answers at once, so what is measured is the
control plane, and the one core that all nodes share.

| what                                                  | time | CPU of the control plane | memory |
| ----------------------------------------------------- | ---- | ------------------------ | ------ |
| ${coming("all connect for the first time, until SYNCED", connect)} |
| heartbeats every 10 s, all idle | ${idle.seconds} s | ${share(idle.cpuSeconds / idle.seconds)} of a core | |
| ${coming("killed (SIGKILL) and started again, until SYNCED", killed)} |
| ${coming("stopped with Goodbye and started again, until SYNCED", told)} |

Memory of a node at rest: ${perNode.toFixed(0)} KiB (${mebibytes(empty.residentBytes)} without any). While all connected, ${connect.usage.refused.toLocaleString("en")} streams were told to come back
later since 200 were connecting already; after the kill ${killed.usage.refused.toLocaleString("en")}. After either restart ${killed.usage.sent + told.usage.sent} resources were sent: every
node resumed by hash.

From the change (before its transaction) to each node's acknowledgement of the chain, as the control plane saw it:

| change | round | p50 | p99 | all | CPU | longest turn of the loop |
| ------ | ----- | --- | --- | --- | --- | ------------------------ |
${[...rows("another chain", chain), ...rows("another version: stage, loadable, chain", release)].join("\n")}
`;
}

function coming(what: string, { seconds, usage }: Coming): string {
  return `${what} | ${seconds.toFixed(1)} s | ${usage.cpuSeconds.toFixed(1)} s since its start | ${mebibytes(usage.residentBytes)}`;
}

function rows(what: string, rounds: readonly Pushed[]): readonly string[] {
  return rounds.map(
    ({ p50, p99, all, cpuSeconds, longestTurn }, index) =>
      `| ${what} | ${index + 1} | ${Math.round(p50)} ms | ${Math.round(p99)} ms | ${Math.round(all)} ms | ` +
      `${cpuSeconds.toFixed(2)} s | ${Math.round(longestTurn)} ms |`,
  );
}

function share(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}
