import { expect, test } from "vitest";

import { mainThreadCpu } from "../../../sidecar/plugins/isolate/process-usage.ts";
import { HostDriver } from "../../support/host-driver.ts";
import { until } from "../../support/isolate-mesh.ts";

const CPU = 400;
/** What an entry may take on the wall: twice its CPU and a bit. */
const DEADLINE = 2 * CPU + 20;

test("a plugin that waits for the CPU until its deadline is not blamed, whatever it had used before", async () => {
  await using host = await HostDriver.start();
  const plugin = await host.loadNew(`export default { execute({ smoke }) { if (!smoke) for (;;); } };`, {
    cpuMicros: CPU * 1_000,
    timeoutMs: 5_000,
  });

  const before = mainThreadCpu(host.pid) ?? 0;
  const began = performance.now();
  const { id } = host.start([plugin]);
  await until(() => (mainThreadCpu(host.pid) ?? 0) - before > CPU / 20);
  process.kill(host.pid, "SIGSTOP");
  await until(() => performance.now() - began > DEADLINE);
  process.kill(host.pid, "SIGCONT");
  const { results } = await host.answer(id);

  expect(results[0]?.micros).toBeGreaterThan((CPU / 20) * 1_000 * 0.5);
  expect(results[0]?.failure?.cause).toBe("host_busy");
});
