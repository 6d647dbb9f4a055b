import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";

import { parseCopy, type Instruction, type Stage } from "./dockerfile.ts";

/** What a stage came to: its root folder, and in which folder and environment its command would run. */
export interface BuiltStage {
  readonly root: string;
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
  readonly instructions: readonly Instruction[];
}

/** Runs the stages' steps below `folder`, each stage in a folder that stands for its file system. */
export function buildStages(
  stages: readonly Stage[],
  context: string,
  folder: string,
): readonly BuiltStage[] {
  const built = new Map<string, BuiltStage>();
  for (const [index, stage] of stages.entries()) {
    built.set(stage.name, buildStage(stage, context, join(folder, String(index)), built));
  }
  return [...built.values()];
}

function buildStage(
  stage: Stage,
  context: string,
  root: string,
  earlier: ReadonlyMap<string, BuiltStage>,
): BuiltStage {
  let workdir = root;
  let user = "root";
  const environment: Record<string, string> = {};
  for (const { name, rest } of stage.instructions) {
    process.stdout.write(`${stage.name}: ${name} ${rest}\n`);
    if (name === "WORKDIR") mkdirSync((workdir = join(root, rest)), { recursive: true });
    if (name === "COPY") copy(rest, context, workdir, earlier);
    if (name === "RUN") run(rest, workdir, environment);
    if (name === "USER") user = rest;
    if (name === "ENV") {
      const equals = rest.indexOf("=");
      environment[rest.slice(0, equals)] = rest.slice(equals + 1);
    }
  }
  return { root, workdir, environment, user, instructions: stage.instructions };
}

function copy(
  rest: string,
  context: string,
  workdir: string,
  earlier: ReadonlyMap<string, BuiltStage>,
): void {
  const { stage, sources, target } = parseCopy(rest);
  const from = stage === undefined ? context : earlier.get(stage)?.root;
  if (from === undefined) throw new Error(`COPY --from=${stage}: there is no such stage before this one`);
  for (const source of sources) {
    const intoFolder = target.endsWith("/");
    const to = join(workdir, target, intoFolder ? basename(source) : "");
    cpSync(join(from, source), to, { recursive: true, verbatimSymlinks: true });
  }
}

/** Here a step runs on the machine itself, so it must stay in its folder. */
function run(command: string, workdir: string, environment: Readonly<Record<string, string>>): void {
  if (/(?:^|[\s=])\//.test(command))
    throw new Error(`RUN ${command}: names an absolute path, which is this machine's`);
  const { status } = spawnSync("sh", ["-ec", command], {
    cwd: workdir,
    env: { ...process.env, ...environment },
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`RUN ${command}: ended with ${status}`);
}
