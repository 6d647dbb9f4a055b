import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

import type { Generation } from "../sidecar/chain/generation.ts";
import { BOMBS, HOST_KILLERS, NUISANCES } from "../test/support/bombs.ts";
import { inWords, IsolateMesh, TAGGER, until } from "../test/support/isolate-mesh.ts";
import { messageOf } from "../core/errors.ts";
import { machine } from "./report.ts";
import { readResult, writeResult } from "./result-files.ts";

const TIMEOUT = 50;
const CPU = 10;
/** ms within which the victim's policy answers: beyond its timeout, and where the host had to be replaced. */
const SLACK = 100;
const REPLACED = 1_000;
const PAUSE = 10;
/** ms that an exchange has for its whole chain by default: a neighbour that waits longer has failed. */
const CHAIN_DEADLINE = 200;
/** ms for which a plugin with a bomb in a timer is asked, and when that goes off. */
const WATCH = 600;
const FUSE = 200;

const { values: flags } = parseArgs({
  options: {
    runs: { type: "string", default: "20" },
    only: { type: "string", default: "" },
    place: { type: "string", default: "" },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (flags.help) {
  process.stdout.write(`node bench/bad-plugins.ts [--runs 20] [--only TEXT,TEXT] [--place TEXT] [--out NAME]

How long an exchange waits for a plugin that does harm, until its policy answers, and what its neighbours notice: each
harmful body in execute, after an await in it, in a timer, in init and in destroy. --only picks the bodies whose name
holds one of the texts, --place the places. Exits with 1 if the 95th percentile is above ${TIMEOUT + SLACK} ms, or ${REPLACED} ms where the host
was replaced, or if a neighbour failed. --out writes NAME.json and NAME.md into docs/bench/; rows that were not measured
this time stay.
`);
  process.exit(0);
}

/** Where the harm is done; `{}` stands for it. */
const PLACES = {
  "in execute": "export default { execute(request) { if (!request.smoke) { {} } } };",
  "after an await": "export default { async execute(request) { await null; if (!request.smoke) { {} } } };",
  "in a timer": `export default { init() { setTimeout(() => { {} }, ${FUSE}); }, execute() {} };`,
  "in init": "export default { init() { {} }, execute() {} };",
  "in destroy": "export default { destroy() { {} }, execute() {} };",
} as const;
type Place = keyof typeof PLACES;

interface Run {
  /** ms until the victim was answered; the slowest of several; undefined: it was never there to be asked. */
  readonly millis: number | undefined;
  readonly replaced: boolean;
  readonly verdict: string;
}

interface Row {
  readonly body: string;
  readonly place: Place;
  readonly takenAt: string;
  readonly command: string;
  readonly runs: readonly Run[];
  /** ms of the slowest answer of the plugin beside it, and those that were wrong. */
  readonly slowestNeighbour: number;
  readonly wrongNeighbours: readonly string[];
}

/** Asks the plugin beside the bad one all the time until told to stop. */
class Neighbour {
  slowest = 0;
  readonly wrong: string[] = [];
  #over = false;
  readonly #done: Promise<void>;

  constructor(mesh: IsolateMesh, generation: Generation) {
    this.#done = this.#askOn(mesh, generation);
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#done;
  }

  async #askOn(mesh: IsolateMesh, generation: Generation): Promise<void> {
    while (!this.#over) {
      const began = performance.now();
      const [verdict] = await mesh.verdicts([generation], { deadline: CHAIN_DEADLINE });
      this.slowest = Math.max(this.slowest, performance.now() - began);
      if (inWords(verdict) !== "rewrite X-WEB-Tag=/") this.wrong.push(JSON.stringify(verdict));
      await pause(PAUSE);
    }
  }
}

async function timedAnswer(mesh: IsolateMesh, victim: Generation) {
  const began = performance.now();
  const [verdict] = await mesh.verdicts([victim]);
  return { millis: performance.now() - began, verdict: inWords(verdict) };
}

async function once(mesh: IsolateMesh, source: string, place: Place): Promise<Run> {
  await mesh.settled();
  const { hostDeaths } = mesh.runtime.status;
  const answer = await lifeOf(mesh, source, place);
  return { ...answer, replaced: mesh.runtime.status.hostDeaths > hostDeaths };
}

/** Load, question, unload; over when no host has it any more. */
async function lifeOf(mesh: IsolateMesh, source: string, place: Place): Promise<Omit<Run, "replaced">> {
  const due = performance.now() + (place === "in a timer" ? WATCH : 0);
  const prepared = await mesh.prepare("victim", source, { timeout: TIMEOUT, cpu: CPU });
  if (prepared.kind === "failed") return { millis: undefined, verdict: `load failed ${prepared.cause}` };
  const victim = prepared.generation;
  victim.acquire();
  let slowest = await timedAnswer(mesh, victim);
  while (performance.now() < due) {
    await pause(PAUSE);
    const answer = await timedAnswer(mesh, victim);
    if (answer.millis > slowest.millis) slowest = answer;
  }
  const { unloaded } = mesh.registry.counts;
  victim.release();
  await until(() => mesh.registry.counts.unloaded > unloaded);
  return slowest;
}

async function rowOf(body: string, harm: string, place: Place): Promise<Row> {
  await using mesh = new IsolateMesh();
  const tagger = await mesh.load("tagger", TAGGER);
  const neighbour = new Neighbour(mesh, tagger);
  const runs: Run[] = [];
  for (let run = 0; run < Number(flags.runs); run++) {
    // Each is another script, so that what was quarantined before is no reason.
    const source = `${PLACES[place].replace("{}", () => harm)} // ${run}`;
    runs.push(await once(mesh, source, place));
  }
  await neighbour.stop();
  const { slowest, wrong } = neighbour;
  return { body, place, takenAt, command, runs, slowestNeighbour: slowest, wrongNeighbours: wrong };
}

/** By nearest rank: of 20, the second worst. */
function percentile95(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? 0;
}

function figure(runs: readonly Run[], replaced: boolean): number | undefined {
  const picked = runs.filter((run) => run.replaced === replaced).flatMap(({ millis }) => millis ?? []);
  return picked.length === 0 ? undefined : percentile95(picked);
}

function holds({ runs, wrongNeighbours }: Row): boolean {
  const kept = figure(runs, false) ?? 0;
  const replaced = figure(runs, true) ?? 0;
  return kept <= TIMEOUT + SLACK && replaced <= REPLACED && wrongNeighbours.length === 0;
}

function toMarkdown(row: Row): string {
  const { body, place, runs, slowestNeighbour, wrongNeighbours } = row;
  const shown = (replaced: boolean): string => {
    const count = runs.filter((run) => run.replaced === replaced).length;
    const value = figure(runs, replaced);
    return count === 0 ? "–" : `${value?.toFixed(0) ?? "–"} (${count} runs)`;
  };
  const verdicts = [...new Set(runs.map(({ verdict }) => verdict))].join(", ");
  const cells = [body, place, shown(false), shown(true), verdicts, slowestNeighbour.toFixed(0)];
  return `| ${[...cells, wrongNeighbours.length, holds(row) ? "yes" : "NO"].join(" | ")} |`;
}

const takenAt = new Date().toISOString().slice(0, 10);
const command = [
  "node bench/bad-plugins.ts",
  ...process.argv.slice(2).map((each) => (/\s/.test(each) ? `"${each}"` : each)),
].join(" ");
const BODIES = Object.entries({ ...BOMBS, ...NUISANCES, ...HOST_KILLERS });
const ROWS = BODIES.flatMap(([body, harm]) =>
  (Object.keys(PLACES) as Place[]).map((place) => ({ body, harm, place })),
);
const rows: Row[] = [];
let broken = 0;
for (const { body, harm, place } of ROWS) {
  if (!flags.only.split(",").some((text) => body.includes(text)) || !place.includes(flags.place)) continue;
  try {
    const row = await rowOf(body, harm, place);
    rows.push(row);
    process.stderr.write(`${toMarkdown(row)}\n`);
    for (const wrong of row.wrongNeighbours) process.stderr.write(`  a neighbour: ${wrong}\n`);
    if (flags.out !== undefined) record(flags.out, row);
  } catch (thrown) {
    broken++;
    process.stderr.write(`${body}, ${place}: broke off: ${messageOf(thrown)}\n`);
  }
}
if (broken > 0 || !rows.every(holds)) process.exitCode = 1;

/** At once, so that what was measured is kept whatever comes after it. */
function record(name: string, row: Row): void {
  const before = (readResult(name) as { readonly rows: readonly Row[] } | undefined)?.rows ?? [];
  const all = ROWS.flatMap(({ body, place }) => {
    const same = (each: Row): boolean => each.body === body && each.place === place;
    return same(row) ? [row] : before.filter(same);
  });
  writeResult(name, { machine: machine(), node: process.version, rows: all }, pageOf(all));
}

function pageOf(all: readonly Row[]): string {
  const commands = [...new Set(all.map((row) => `\`${row.command}\`, ${row.takenAt}`))];
  return `# Bad plugins

${machine()}, Node ${process.version}. ${all.length} of ${ROWS.length} rows, ${all.filter(holds).length} hold.

Milliseconds until the victim's policy answered, 95th percentile of the runs (nearest rank), timeout ${TIMEOUT} ms, CPU budget
${CPU} ms: at most ${TIMEOUT + SLACK}, and at most ${REPLACED} where a plugin host had to be replaced. A plugin beside it is asked all the
time, with ${CHAIN_DEADLINE} ms for each exchange; none of its answers may be wrong. A plugin that fails in \`init\` is never asked.

| body | place | p95 | p95, host replaced | verdicts | slowest neighbour | wrong neighbours | holds |
| --- | --- | --- | --- | --- | --- | --- | --- |
${all.map(toMarkdown).join("\n")}

Commands:

${commands.map((each) => `- ${each}`).join("\n")}
`;
}
