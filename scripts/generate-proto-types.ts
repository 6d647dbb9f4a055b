import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Contracts whose types are generated; host.proto has a codec of its own. */
const CONTRACTS = ["mesh/v1/plugin.proto", "mesh/v1/config.proto"];
const TARGET = "proto/gen";
/** The same choices as `PROTO_OPTIONS` in proto/load.ts: how a message looks at run time is how it looks to the compiler. */
const OPTIONS = ["--longs=Number", "--enums=String", "--defaults", "--arrays", "--oneofs"];

// Writes the types of the contracts, or with --check tells whether those in the tree are what it would write.
const folder = mkdtempSync(join(tmpdir(), "sluice-generate-"));
try {
  const args = [...OPTIONS, "--grpcLib=@grpc/grpc-js", "--importFileExtension=.ts", "--includeDirs=proto"];
  const generator = spawnSync("proto-loader-gen-types", [...args, `--outDir=${folder}`, ...CONTRACTS], {
    stdio: "inherit",
  });
  if (generator.status !== 0) throw new Error("proto-loader-gen-types failed");
  if (process.argv.includes("--check")) process.exitCode = isSame(folder, TARGET) ? 0 : 1;
  else replace(folder, TARGET);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function replace(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}

function isSame(fresh: string, kept: string): boolean {
  const names = filesOf(fresh);
  const stale = names.filter((name) => !isSameFile(join(fresh, name), join(kept, name)));
  const left = filesOf(kept).filter((name) => !names.includes(name));
  for (const name of [...stale, ...left])
    process.stdout.write(`${kept}/${name} is not what the contract says: npm run generate\n`);
  return stale.length + left.length === 0;
}

function filesOf(path: string): readonly string[] {
  const entries = readdirSync(path, { recursive: true, encoding: "utf8" });
  return entries.filter((name) => name.endsWith(".ts")).sort();
}

function isSameFile(left: string, right: string): boolean {
  try {
    return readFileSync(left, "utf8") === readFileSync(right, "utf8");
  } catch {
    return false;
  }
}
