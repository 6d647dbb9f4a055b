import type { LookupAddress } from "node:dns";
import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { NameLookups } from "./name-lookups.ts";

/** A name server that answers when a test says so. */
class HeldNames {
  readonly clock = new ManualClock();
  readonly asked: string[] = [];
  readonly outcomes: string[] = [];
  readonly lookups: NameLookups;
  readonly #waiting: ((failure: Error | null, found: LookupAddress[]) => void)[] = [];

  constructor() {
    this.lookups = new NameLookups({
      clock: this.clock,
      deadline: 1_000,
      resolve: (name, _options, done) => {
        this.asked.push(name);
        this.#waiting.push(done);
      },
    });
  }

  look(plugin: string, name: string): void {
    this.lookups.lookup(plugin, name, {}, (failure, found) =>
      this.outcomes.push(`${name}: ${failure?.message ?? found.map(({ address }) => address).join(", ")}`),
    );
  }

  answer(address: string): void {
    this.#waiting.shift()?.(null, [{ address, family: 4 }]);
  }
}

test("one plugin has one lookup under way, and those of others pass it by", () => {
  const names = new HeldNames();

  for (const name of ["a1", "a2", "a3"]) names.look("a", name);
  names.look("b", "b1");

  expect(names.asked).toEqual(["a1", "b1"]);
  names.answer("10.0.0.1");
  expect(names.asked).toEqual(["a1", "b1", "a2"]);
  expect(names.outcomes).toEqual(["a1: 10.0.0.1"]);
});

test("plugins together never take all threads of the process", () => {
  const names = new HeldNames();

  for (const plugin of ["a", "b", "c", "d", "e"]) names.look(plugin, plugin);

  expect(names.asked).toEqual(["a", "b", "c"]);
});

test("the same name is asked for once, and everybody gets the answer", () => {
  const names = new HeldNames();

  for (let i = 0; i < 3; i++) names.look("a", "auth.internal");
  names.answer("10.0.0.1");

  expect(names.asked).toEqual(["auth.internal"]);
  expect(names.outcomes).toHaveLength(3);
});

test("a lookup that takes too long is given up, and one nobody waits for is never made", () => {
  const names = new HeldNames();
  names.look("a", "slow");
  names.look("a", "behind");

  names.clock.advance(1_000);
  names.answer("10.0.0.1");

  expect(names.outcomes).toEqual([
    "slow: slow was not resolved within 1000 ms",
    "behind: behind was not resolved within 1000 ms",
  ]);
  expect(names.asked).toEqual(["slow"]);
  expect(names.clock.pending).toBe(0);
});
