import { writeFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { TestControlPlane } from "../../test/support/control-plane.ts";
import { parseExposition } from "../../test/support/exposition.ts";

test("a request that the store cannot answer is an alarm, which the metrics tell though the store cannot", async () => {
  const clock = new ManualClock();
  await using plane = await (await TestControlPlane.start({ clock })).withClusters();
  const { controlPlane, folder, admin } = plane;
  for (const name of ["store.sqlite", "store.sqlite-wal"])
    await writeFile(folder.join("control-plane", name), Buffer.alloc(1_000_000, "no database"));

  // Audit was not read before, so no page of it is in memory.
  await expect(admin.call("listAudit")).rejects.toMatchObject({ status: 503, code: "unavailable" });

  clock.advance(5_000);
  const alarms = (): number | undefined =>
    parseExposition(controlPlane.registry.expose()).get('sluice_cp_alarms{kind="store-error"}');
  // One of the request, one of the look at what is wrong, which reads the store too.
  while (alarms() !== 2) await setImmediate();
});
