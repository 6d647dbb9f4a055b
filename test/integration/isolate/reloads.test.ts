import { expect, test } from "vitest";

import {
  inWords,
  IsolateMesh,
  openDescriptors,
  proportionalSetSize,
  until,
} from "../../support/isolate-mesh.ts";

const version = (number: number): string => `
  const ballast = new Array(1000).fill(${number});
  export default {
    init: () => { setInterval(() => ballast.length, 1000); },
    execute: () => ({ headerSet: { "X-WEB-Version": "${number}" } }),
  };`;

const RELOADS = 200;
/** After so many reloads, and so many questions, allocators and compilers have taken what they keep. */
const WARM = 20;
const WARM_QUESTIONS = 5_000;

test("200 reloads under load: no answer is lost, and nothing is left of the old generations", async () => {
  await using mesh = new IsolateMesh();
  let current = await mesh.load("plugin", version(0));
  await mesh.settled();
  for (let asked = 0; asked < WARM_QUESTIONS; asked += 50)
    await Promise.all(Array.from({ length: 50 }, () => mesh.verdicts([current])));
  const sizes = (): number => mesh.hostPids.reduce((sum, pid) => sum + proportionalSetSize(pid), 0);
  const reloading = new AbortController();
  const failures: string[] = [];
  let asked = 0;
  const load = async (): Promise<void> => {
    while (!reloading.signal.aborted) {
      const [verdict] = await mesh.verdicts([current]);
      asked++;
      if (verdict?.kind !== "rewrite") failures.push(inWords(verdict));
    }
  };
  const clients = Array.from({ length: 4 }, load);

  let before = { size: 0, descriptors: 0 };
  for (let number = 1; number <= RELOADS; number++) {
    const old = current;
    current = await mesh.load("plugin", version(number));
    old.retire();
    old.release();
    if (number === WARM) before = { size: sizes(), descriptors: openDescriptors() };
  }
  await until(() => mesh.runtime.status.unloaded === RELOADS);
  const after = { size: sizes(), descriptors: openDescriptors() };
  reloading.abort();
  await Promise.all(clients);

  expect(failures).toEqual([]);
  expect(asked).toBeGreaterThan(RELOADS);
  expect(mesh.registry.status).toHaveLength(1);
  expect(mesh.childPids).toHaveLength(2);
  expect(mesh.runtime.status).toMatchObject({ hostsStarted: 2, hostDeaths: 0, loaded: RELOADS + 1 });
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
  expect(after.size / before.size).toBeLessThan(1.2);
}, 120_000);
