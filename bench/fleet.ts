import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { ControlPlaneProcess } from "./fleet/control-plane-process.ts";
import { FleetRun } from "./fleet/fleet-run.ts";
import { fleetReport, type FleetResult } from "./fleet/report.ts";
import { writeResult } from "./result-files.ts";

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

A fleet of simulated nodes on a real control plane, operated by its REST API: time, CPU and memory until all are SYNCED
at first and after two kinds of restart, of idle heartbeats, and of each of five changes until every node acknowledged
it. --processes share the nodes. --out writes NAME.json and NAME.md into docs/bench/. Wants two idle cores; about two
minutes.
`);
  process.exit(0);
}

async function measure(): Promise<FleetResult> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-fleet-"));
  try {
    await using controlPlane = await ControlPlaneProcess.create(join(folder, "control-plane"));
    const nodes = Number(values.nodes);
    const processes = Number(values.processes);
    await using run = await FleetRun.begin({ controlPlane, nodes, processes, say });
    return await run.all();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function say(what: string): void {
  process.stderr.write(`${what}\n`);
}

const result = await measure();
const page = fleetReport(result);
process.stdout.write(page);
if (values.out !== undefined) writeResult(values.out, result, page);
