#!/usr/bin/env node
// Plain JavaScript: an older Node cannot read TypeScript, and must be able to say so in one line.
const major = Number(process.versions.node.split(".")[0]);

if (major < 26) {
  process.stderr.write(
    `sluice: needs Node 26, this is ${process.versions.node}: ` +
      "run it with npx or an npm script, which bring their own, or install Node 26\n",
  );
  process.exitCode = 1;
} else {
  void import("./main.ts");
}
