import { expect, test } from "vitest";

import { systemClock } from "../../../core/clock.ts";
import { createLogger } from "../../../core/log.ts";
import { hostCommand } from "../../../sidecar/plugin-host/host-command.ts";
import { HostNursery } from "../../../sidecar/plugins/isolate/host-nursery.ts";
import type { HostReceiver } from "../../../sidecar/plugins/isolate/plugin-host.ts";
import { SecondChance } from "../../../sidecar/plugins/isolate/second-chance.ts";
import { HOST_KILLERS } from "../../support/bombs.ts";
import { loadOf } from "../../support/host-driver.ts";

const nobody: HostReceiver = {
  ran: () => {},
  log: () => {},
  fetch: () => {},
  keyValue: () => {},
  fault: () => {},
};

/** Time enough for a timer of 1 ms to go off, and far too little for the watchdog to be sure. */
const BRIEFLY = 100;

async function trialOf(timer: string) {
  const limits = { memory: () => 2 ** 30, longestEntry: () => 40 };
  const command = hostCommand();
  const parts = { command, receiver: nobody, limits, clock: systemClock, log: createLogger("silent") };
  await using nursery = new HostNursery(parts);
  const chance = new SecondChance(nursery, () => {}, systemClock);
  const source = `export default { init() { setTimeout(() => { ${timer} }, 1); }, execute() {} };`;
  return await chance.give({ load: loadOf(1, source), questions: [], watch: BRIEFLY });
}

test("a bomb that is still going off when the watch is over has not passed", async () => {
  expect(await trialOf(HOST_KILLERS["BigInt squares"])).toMatchObject({ kind: "failed" });
});

test("whoever does no harm has passed", async () => {
  expect(await trialOf("")).toEqual({ kind: "passed" });
});
