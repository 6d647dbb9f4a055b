import { spawnSync } from "node:child_process";

/** Why a program cannot run here; undefined if it can. */
export function missingProgram(name: string): string | undefined {
  return spawnSync("which", [name]).status === 0 ? undefined : `${name} is not installed`;
}
