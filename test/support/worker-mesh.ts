import { readdirSync, readFileSync } from "node:fs";

import { TestMesh, type MeshOptions } from "./mesh.ts";

interface WorkerState {
  readonly state: string;
  readonly pid?: number;
}

type Workers = Readonly<Record<string, WorkerState>>;

/** A mesh of two workers. */
export async function twoWorkers(options: MeshOptions): Promise<TestMesh> {
  return TestMesh.start({ ...options, settings: { workers: 2, ...options.settings } });
}

/** The process of one worker, once it serves, and is not `before`. */
export async function workerPid(mesh: TestMesh, number: number, before?: number): Promise<number> {
  const of = ({ workers }: { readonly workers: Workers }): number | undefined => {
    const worker = workers[number];
    return worker?.state === "serving" && worker.pid !== before ? worker.pid : undefined;
  };
  const page = await mesh.until("/live", (each: { readonly workers: Workers }) => of(each) !== undefined);
  return of(page) ?? 0;
}

/** One exchange on a connection of its own, so that the kernel picks a worker: the field that `tagger` sets. */
export async function tagOf(mesh: TestMesh): Promise<string | undefined> {
  const answer = await fetch(`http://127.0.0.1:${mesh.inbound}/echo`, { headers: { connection: "close" } });
  const { headers } = (await answer.json()) as { readonly headers: readonly string[] };
  return headers[headers.indexOf("x-v") + 1];
}

/** Exchanges until each worker had some since now; what they met. */
export async function tagsOfBoth(mesh: TestMesh): Promise<readonly (string | undefined)[]> {
  const counts = async (): Promise<readonly number[]> =>
    Promise.all(["1", "2"].map((worker) => mesh.metric("sluice_worker_exchanges_total", { worker })));
  const before = await counts();
  for (const tags: (string | undefined)[] = []; ;) {
    for (let sent = 0; sent < 10; sent++) tags.push(await tagOf(mesh));
    if ((await counts()).every((count, index) => count > (before[index] ?? 0))) return tags;
  }
}

/** The process and all that it started, directly or not. */
export function familyOf(pid: number): readonly number[] {
  const parents = processes();
  const children = [...parents].flatMap(([child, parent]) => (parent === pid ? [child] : []));
  return [pid, ...children.flatMap(familyOf)];
}

/** Resolves when none of these runs any more; one that is dead but not yet waited for counts as gone. */
export async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some((pid) => processes().has(pid))) await new Promise((resolve) => setImmediate(resolve));
}

/** Every process that is no zombie, with its parent. */
function processes(): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const fields = /^\d+$/.test(name) ? statOf(name) : undefined;
    if (fields !== undefined && fields[0] !== "Z") found.set(Number(name), Number(fields[1]));
  }
  return found;
}

/** The fields behind the command's name: state, parent, … */
function statOf(pid: string): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ");
  } catch {
    return undefined;
  }
}
