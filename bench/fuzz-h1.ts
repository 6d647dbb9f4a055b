import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { fuzz, type FuzzResult, type Violation } from "../test/fuzz-h1/run.ts";

/**
 * Long runs of the differential fuzzing of the HTTP/1.1 codec against node:http:
 *
 *     node bench/fuzz-h1.ts --cases 1000000 --seed 1 [--out docs/fuzz-h1.md]
 *
 * Every case can be made again from its seed; exits with 1 if any was read otherwise than llhttp reads it.
 */
const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    out: { type: "string" },
  },
});

/** Cases between two lines of progress. */
const STRIDE = 20_000;

const cases = Number(values.cases);
const firstSeed = Number(values.seed);
const counts = new Map<string, number>();
const violations: Violation[] = [];
const startedAt = performance.now();

for (let done = 0; done < cases; done += STRIDE) {
  const count = Math.min(STRIDE, cases - done);
  add(await fuzz(firstSeed + done / 2, count));
  console.log(`${done + count} cases, ${violations.length} violations`);
}

const seconds = Math.round((performance.now() - startedAt) / 1000);
const report = describe(seconds);
if (values.out === undefined) console.log(report);
else writeFileSync(values.out, report);
process.exitCode = violations.length === 0 ? 0 : 1;

function add(result: FuzzResult): void {
  for (const [name, count] of result.counts) counts.set(name, (counts.get(name) ?? 0) + count);
  violations.push(...result.violations);
}

function describe(seconds: number): string {
  const { node, llhttp } = process.versions;
  const rows = [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, count]) => `| ${name} | ${count} |`);
  const found = violations.slice(0, 20).map((violation) => `    ${JSON.stringify(violation)}`);
  return [
    "# Differential fuzzing of the HTTP/1.1 codec",
    "",
    `\`node bench/fuzz-h1.ts --cases ${cases} --seed ${firstSeed}\`: ${seconds} s, Node ${node}, llhttp ${llhttp}.`,
    "Half of the cases are requests read by node:http's server, half are answers read by its client, in its strict mode;",
    "what the generator, the comparison and the lists of reasons are is in `test/fuzz-h1/`.",
    "",
    `**${violations.length} violations.** Alike: what both accept they read alike. Stricter: we refuse what llhttp`,
    "accepts, for the reason named. Laxer: the reverse. Undecided: the bytes end before both had to decide.",
    "",
    "| verdict | cases |",
    "|---|---|",
    ...rows,
    "",
    ...found,
  ].join("\n");
}
