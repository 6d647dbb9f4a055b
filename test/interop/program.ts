import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Whether a foreign program is here; the suites say by name what they left out where it is not. */
export function installed(program: string): boolean {
  return spawnSync("which", [program], { stdio: "ignore" }).status === 0;
}

/** Runs a program to its end and gives its standard output; a failure carries what it said on standard error. */
export async function output(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, [...args], { maxBuffer: 64 * 2 ** 20 });
  return stdout;
}
