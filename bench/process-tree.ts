import { readdirSync, readFileSync } from "node:fs";

/** A process and all that descend from it, as /proc tells at this moment. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = parentOf(pid);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** CPU time that processes have used so far, in microseconds, all threads together. */
export function cpuMicros(processes: readonly number[]): number {
  return processes.reduce((sum, pid) => sum + processCpuMicros(pid), 0);
}

/** Proportional set size of a tree in bytes: shared pages are divided among those who share them. */
export function proportionalSetSize(root: number): number {
  return processTree(root).reduce((sum, pid) => {
    const line = /^Pss:\s+(\d+) kB$/m.exec(readOr(`/proc/${pid}/smaps_rollup`, ""));
    return sum + Number(line?.[1] ?? 0) * 1024;
  }, 0);
}

function processCpuMicros(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
      const onCpuNanos = readOr(`/proc/${pid}/task/${thread}/schedstat`, "0").split(" ")[0];
      return sum + Number(onCpuNanos) / 1000;
    }, 0);
  } catch {
    // Gone between listing and reading.
    return 0;
  }
}

function parentOf(pid: number): number | undefined {
  const stat = readOr(`/proc/${pid}/stat`, "");
  // The command's name stands in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.length > 1 ? Number(fields[1]) : undefined;
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}
