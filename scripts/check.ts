import { spawnSync } from "node:child_process";

/** Every check that needs no test run, in the order in which a person would want to hear of them. */
const CHECKS = [
  { name: "format", command: "oxfmt", args: ["--check"] },
  { name: "types", command: "tsc", args: ["-p", "."] },
  { name: "lint", command: "oxlint", args: ["--type-aware", "--deny-warnings"] },
  { name: "generated types", command: "node", args: ["scripts/generate-proto-types.ts", "--check"] },
  { name: "dead code", command: "knip", args: [] },
] as const;

const failed = CHECKS.filter(({ name, command, args }) => {
  process.stdout.write(`\n> ${name}\n`);
  return spawnSync(command, args, { stdio: "inherit" }).status !== 0;
}).map(({ name }) => name);

process.stdout.write(failed.length === 0 ? "\nall checks passed\n" : `\nfailed: ${failed.join(", ")}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
