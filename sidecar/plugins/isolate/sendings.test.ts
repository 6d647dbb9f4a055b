import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { PendingRun, Sending } from "./pending-run.ts";
import { Sendings } from "./sendings.ts";

test("whatever comes and goes, each is found under its own id and nobody under another's", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(7), { maxLength: 60 }), (steps) => {
      const sendings = new Sendings();
      const model = new Map<number, Sending>();
      const gone: number[] = [];
      for (const step of steps) {
        const victim = [...model.keys()][step];
        if (victim === undefined) {
          const sending = sendingOf(sendings.nextId());
          sendings.add(sending);
          model.set(sending.id, sending);
        } else {
          sendings.delete(victim);
          model.delete(victim);
          gone.push(victim);
        }
      }

      expect(sendings.size).toBe(model.size);
      expect(new Set(sendings)).toEqual(new Set(model.values()));
      for (const [id, sending] of model) expect(sendings.get(id)).toBe(sending);
      for (const id of gone) expect(sendings.get(id)).toBeUndefined();
    }),
  );
});

test("what was taken out may be put back, as long as nothing else was added", () => {
  const sendings = new Sendings();
  const [first, second] = [addTo(sendings), addTo(sendings)];
  sendings.delete(second.id);
  sendings.delete(first.id);

  sendings.add(second);

  expect([...sendings]).toEqual([second]);
  const third = addTo(sendings);
  expect([third.id === first.id, sendings.get(second.id)]).toEqual([false, second]);
});

test("ids are numbers of 32 bits, however often they were used", () => {
  const sendings = new Sendings();
  let largest = 0;
  for (let count = 0; count < 600_000; count++) largest = Math.max(largest, sendings.nextId());

  expect(largest).toBeLessThanOrEqual(0xffff_ffff);
  expect(sendings.nextId()).toBeGreaterThan(0);
});

function addTo(sendings: Sendings): Sending {
  const sending = sendingOf(sendings.nextId());
  sendings.add(sending);
  return sending;
}

function sendingOf(id: number): Sending {
  const carrier = { forget: () => {} };
  return { id, run: {} as PendingRun, carrier, picked: [], presets: new Map(), sentAt: 0, budget: 0 };
}
