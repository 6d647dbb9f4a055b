import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}

// Runs vitest and closes with one plain line that people and machines can read alike.
const folder = mkdtempSync(join(tmpdir(), "sluice-test-"));
const output = join(folder, "report.json");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${output}`];
const run = spawnSync("vitest", ["run", ...reporters, ...process.argv.slice(2)], { stdio: "inherit" });

let failed = run.status !== 0;
try {
  const report = JSON.parse(readFileSync(output, "utf8")) as Report;
  const { numPassedTests: passed, numFailedTests, numPendingTests: skipped } = report;
  process.stdout.write(`\n${passed} passed, ${numFailedTests} failed, ${skipped} skipped\n`);
} catch {
  failed = true;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
