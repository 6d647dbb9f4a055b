import { expect, test } from "vitest";

import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { workerCount } from "./worker-count.ts";

test.for([
  ["a quota of one and a half CPUs", { "sys/fs/cgroup/cpu.max": "150000 100000\n" }, 1],
  ["a quota of three", { "sys/fs/cgroup/cpu.max": "300000 100000\n" }, 3],
  ["less than one", { "sys/fs/cgroup/cpu.max": "20000 100000\n" }, 1],
  ["no quota", { "sys/fs/cgroup/cpu.max": "max 100000\n" }, 8],
  ["more than there are CPUs", { "sys/fs/cgroup/cpu.max": "6400000 100000\n" }, 8],
  ["no control group", {}, 8],
  ["garbage", { "sys/fs/cgroup/cpu.max": "a lot\n", "proc/self/cgroup": "::::\n\n0::" }, 8],
  [
    "the narrowest of the groups around us",
    {
      "proc/self/cgroup": "0::/pods/pod1/box\n",
      "sys/fs/cgroup/pods/pod1/cpu.max": "200000 100000\n",
      "sys/fs/cgroup/pods/pod1/box/cpu.max": "max 100000\n",
    },
    2,
  ],
  [
    "version 1, whose path is the host's and whose files are at the root",
    {
      "proc/self/cgroup": "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n",
      "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n",
      "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    },
    4,
  ],
  [
    "version 1 without a quota",
    { "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n" },
    8,
  ],
] as const)("auto, with %s", async ([, files, expected]) => {
  await using root = await TemporaryFolder.create();
  for (const [path, text] of Object.entries(files)) await root.write(path, text);

  expect(workerCount("auto", 8, root.path)).toBe(expected);
});

test("a number is a number, whatever the machine has", () => {
  expect(workerCount(3, 1)).toBe(3);
});
