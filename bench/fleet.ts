import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { fleetReport, type FleetResult } from "./fleet/report.ts";
import type { Answer, Question, Usage } from "./fleet/messages.ts";
import { writeResult } from "./result-files.ts";
import { CORES, freePort } from "./running-process.ts";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "2000" },
    processes: { type: "string", default: "4" },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  process.stdout.write(`node bench/fleet.ts [--nodes 2000] [--processes 4] [--out NAME]

A fleet of simulated nodes on one control plane: time and CPU until all are SYNCED at first and after two kinds of
restart, of idle heartbeats, and of each of six changes until every node acknowledged it. --processes share the nodes.
--out writes NAME.json and NAME.md into docs/bench/. Wants two idle cores; about a minute.
`);
  process.exit(0);
}
const NODES = Number(values.nodes);
const PROCESSES = Number(values.processes);
/** Seconds of heartbeats over which the cost of an idle fleet is taken. */
const IDLE = 5;

/** The control plane's process, on a core of its own. */
class ControlPlane implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(folder: string, port: number): Promise<ControlPlane> {
    const child = startScript(CORES.measured, "fleet/control-plane.ts", [folder, String(port)]);
    await once(child.stdout ?? child, "data");
    return new ControlPlane(child);
  }

  async ask<Kind extends Question["kind"]>(
    question: Extract<Question, { kind: Kind }>,
  ): Promise<Extract<Answer, { kind: Kind }>> {
    const answered = once(this.#child, "message");
    this.#child.send(question);
    const [answer] = (await answered) as [Extract<Answer, { kind: Kind }>];
    return answer;
  }

  /** Seconds until every node was SYNCED, and what that took. */
  async coming(what: string): Promise<FleetResult["connect"]> {
    const { seconds } = await this.ask({ kind: "synced", nodes: NODES });
    process.stderr.write(`${what}: ${seconds.toFixed(1)} s\n`);
    return { seconds, usage: await this.usage() };
  }

  async usage(): Promise<Usage> {
    return (await this.ask({ kind: "usage" })).usage;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

function startScript(core: number, script: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const command = ["-c", String(core), process.execPath, path, ...args];
  const child = spawn("taskset", command, { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  // Without it the others would wait for it for ever.
  child.once("exit", (code) => {
    if (code !== null && code !== 0) throw new Error(`${script} ended with ${code}`);
  });
  return child;
}

async function run(): Promise<FleetResult> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-fleet-"));
  const port = await freePort();
  const fleet: ChildProcess[] = [];
  try {
    let controlPlane = await ControlPlane.start(folder, port);
    const empty = await controlPlane.usage();
    for (let index = 0; index < PROCESSES; index++) {
      const count = Math.ceil(NODES / PROCESSES);
      const nodes = Math.min(count, NODES - index * count);
      fleet.push(startScript(CORES.load, "fleet/nodes.ts", [port, index * count, nodes].map(String)));
    }
    const connect = await controlPlane.coming("connected");
    await new Promise((resolve) => setTimeout(resolve, IDLE * 1_000));
    const idle = await controlPlane.usage();
    const chain = [];
    for (let round = 0; round < 3; round++) chain.push(await pushed(controlPlane, "chain"));
    const release = [];
    for (let round = 0; round < 3; round++) release.push(await pushed(controlPlane, "release"));
    await controlPlane.kill();
    controlPlane = await ControlPlane.start(folder, port);
    const killed = await controlPlane.coming("back after a kill");
    await controlPlane.ask({ kind: "goodbye" });
    await controlPlane.kill();
    controlPlane = await ControlPlane.start(folder, port);
    const told = await controlPlane.coming("back after Goodbye");
    await controlPlane.kill();
    return {
      nodes: NODES,
      processes: PROCESSES,
      empty,
      connect,
      idle: { seconds: IDLE, cpuSeconds: idle.cpuSeconds - connect.usage.cpuSeconds },
      chain,
      release,
      killed,
      told,
    };
  } finally {
    for (const child of fleet) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pushed(
  controlPlane: ControlPlane,
  what: "chain" | "release",
): Promise<FleetResult["chain"][number]> {
  const before = await controlPlane.usage();
  const { milliseconds } = await controlPlane.ask({ kind: "change", what });
  const after = await controlPlane.usage();
  const sorted = milliseconds.toSorted((left, right) => left - right);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    nodes: sorted.length,
    p50: at(0.5),
    p99: at(0.99),
    all: at(1),
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    longestTurn: after.longestTurn,
    residentBytes: after.residentBytes,
  };
}

const result = await run();
const page = fleetReport(result);
process.stdout.write(page);
if (values.out !== undefined) writeResult(values.out, result, page);
