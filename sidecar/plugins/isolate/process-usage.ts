import { readFileSync } from "node:fs";

/** Bytes of a page; the same on every platform that Node is built for with /proc but a few 64 KiB arm64 kernels. */
const PAGE_BYTES = 4096;
const NANOS_PER_MILLI = 1_000_000;

/** Bytes that the process has in memory; undefined where there is no /proc or no such process. */
export function residentBytes(pid: number): number | undefined {
  const pages = numberAt(`/proc/${pid}/statm`, 1);
  return pages === undefined ? undefined : pages * PAGE_BYTES;
}

/** Milliseconds that the main thread of the process has been on a CPU; undefined where the kernel does not tell. */
export function mainThreadCpu(pid: number): number | undefined {
  const nanos = numberAt(`/proc/${pid}/schedstat`, 0);
  return nanos === undefined ? undefined : nanos / NANOS_PER_MILLI;
}

/**
 * The memory limit of the control group that we run in, version 2 or 1; undefined without one. Inside a container
 * the group's files are at the root of the mount.
 */
export function cgroupMemoryLimit(): number | undefined {
  const limit =
    numberAt("/sys/fs/cgroup/memory.max", 0) ?? numberAt("/sys/fs/cgroup/memory/memory.limit_in_bytes", 0);
  // Version 1 says "no limit" by a number that no machine has.
  return limit !== undefined && limit < Number.MAX_SAFE_INTEGER / 2 ? limit : undefined;
}

function numberAt(path: string, index: number): number | undefined {
  try {
    const value = Number(readFileSync(path, "latin1").trim().split(" ")[index]);
    return Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
