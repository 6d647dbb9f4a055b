import { expect, test } from "vitest";

import { HostDriver } from "../../support/host-driver.ts";
import { promotedBytes, TRACE_PROMOTION } from "../../support/promoted-bytes.ts";

const RUNS = 10_000;
const AT_A_TIME = 16;
/** A healthy host moves 70 bytes for each run; with a Map of live runs it was a kilobyte and more. */
const LIMIT = 400;

test("what a run needs is let go with it, and does not reach the old generation", async () => {
  await using host = await HostDriver.start(TRACE_PROMOTION);
  const source = `export default { execute: ({ path }) => ({ headerSet: { "x-web-path": path } }) }`;
  const plugins = [await host.loadNew(source), await host.loadNew(source)];
  await drive(host, plugins);
  const warm = promotedBytes(host.output);

  await drive(host, plugins);
  const { scavenges, bytes } = promotedBytes(host.output);

  expect(scavenges - warm.scavenges).toBeGreaterThan(5);
  expect((bytes - warm.bytes) / RUNS).toBeLessThan(LIMIT);
});

async function drive(host: HostDriver, plugins: readonly number[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  let answered = 0;
  const ask = (): void => {
    if (asked++ < RUNS) host.start(plugins);
  };
  host.onRan = () => {
    if (++answered === RUNS) resolve();
    ask();
  };
  for (let i = 0; i < AT_A_TIME; i++) ask();
  await promise;
}
