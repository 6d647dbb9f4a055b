import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

/**
 * How many workers the setting means. `auto`: what the control group's CPU quota allows in whole CPUs, or without a
 * quota as many as there are CPUs; at least one. `root` is where /proc and /sys are.
 */
export function workerCount(
  setting: number | "auto",
  parallelism: number = availableParallelism(),
  root = "/",
): number {
  if (setting !== "auto") return setting;
  return Math.max(1, Math.floor(Math.min(cpuQuota(root) ?? Infinity, parallelism)));
}

/** CPUs that the control groups around us allow, version 2 or 1; undefined where none of them limits. */
function cpuQuota(root: string): number | undefined {
  const groups = textAt(join(root, "proc/self/cgroup"))?.split("\n") ?? [];
  const quotas = [...unifiedQuotas(root, groups), ...versionOneQuotas(root, groups)];
  return quotas.length === 0 ? undefined : Math.min(...quotas);
}

/** `max 100000` or `150000 100000`, in our group and those around it. */
function unifiedQuotas(root: string, groups: readonly string[]): number[] {
  const path = groups.find((line) => line.startsWith("0::"))?.slice(3) ?? "/";
  return upwards(path).flatMap((group) => {
    const [quota, period] = textAt(join(root, "sys/fs/cgroup", group, "cpu.max"))?.split(" ") ?? [];
    return quotient(quota, period);
  });
}

/** A quota of -1 is none. */
function versionOneQuotas(root: string, groups: readonly string[]): number[] {
  const line = groups.find((each) => each.split(":")[1]?.split(",").includes("cpu") === true);
  return upwards(line?.split(":")[2] ?? "/").flatMap((group) => {
    const folder = join(root, "sys/fs/cgroup/cpu", group);
    return quotient(textAt(join(folder, "cpu.cfs_quota_us")), textAt(join(folder, "cpu.cfs_period_us")));
  });
}

function quotient(quota: string | undefined, period: string | undefined): number[] {
  const cpus = Number(quota) / Number(period);
  return cpus > 0 && Number.isFinite(cpus) ? [cpus] : [];
}

/** The group and those around it; inside a container the innermost is often at the root of the mount. */
function upwards(path: string): string[] {
  return path === "/" || path === "." || path === "" ? ["/"] : [path, ...upwards(dirname(path))];
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1").trim();
  } catch {
    return undefined;
  }
}
