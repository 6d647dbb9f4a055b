import { array, assert, constantFrom, integer, property, record, string } from "fast-check";
import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { KeyValueStore } from "./key-value-store.ts";

const clock = new ManualClock();
const wall = (): number => clock.wall();
const entry = (key: string, value: string, expiresAt = 0) => ({ key, value, expiresAt });

test("the last write wins and a deletion removes", () => {
  const store = new KeyValueStore(wall);

  store.apply({ set: [entry("a", "1"), entry("b", "2")], deleted: [] });
  store.apply({ set: [entry("a", "3")], deleted: ["b"] });

  expect(store.entries()).toEqual([entry("a", "3")]);
  expect(store.bytes).toBe(2);
});

test("an entry is gone at its time, and its room is free for another", () => {
  const clock = new ManualClock();
  const store = new KeyValueStore(() => clock.wall(), { bytes: 100, keys: 1 });

  store.apply({ set: [entry("old", "1", clock.wall() + 1000)], deleted: [] });
  clock.advance(1000);
  store.apply({ set: [entry("new", "2")], deleted: [] });

  expect(store.get("old")).toBeUndefined();
  expect(store.entries()).toEqual([entry("new", "2")]);
  expect(store.refused).toBe(0);
});

test("a full store is not searched through for every entry that it refuses", () => {
  let looks = 0;
  const store = new KeyValueStore(() => (looks++, 1000), { bytes: 1e6, keys: 100 });
  store.apply({ set: Array.from({ length: 100 }, (_, i) => entry(`old ${i}`, "1", 5000)), deleted: [] });
  looks = 0;

  store.apply({ set: Array.from({ length: 100 }, (_, i) => entry(`new ${i}`, "1")), deleted: [] });

  expect(store.refused).toBe(100);
  expect(looks).toBeLessThan(1000);
});

test("what does not fit is refused and counted, and what was there stays", () => {
  const store = new KeyValueStore(wall, { bytes: 10, keys: 2 });

  store.apply({ set: [entry("a", "1"), entry("b", "22222222222")], deleted: [] });
  store.apply({ set: [entry("b", "2"), entry("c", "3")], deleted: [] });

  expect(store.entries()).toEqual([entry("a", "1"), entry("b", "2")]);
  expect(store.refused).toBe(2);
});

test("whatever a host reports, the bounds hold and the count of bytes is right", () => {
  const limits = { bytes: 40, keys: 4 };
  const change = record({
    set: array(
      record({
        key: constantFrom("a", "b", "c", "d", "e", "__proto__"),
        value: string({ maxLength: 20 }),
        expiresAt: integer({ min: 0, max: 1 }),
      }),
    ),
    deleted: array(constantFrom("a", "b", "c", "x")),
  });
  const holds = property(array(change), (changes) => {
    const store = new KeyValueStore(wall, limits);
    for (const each of changes) store.apply(each);
    const entries = store.entries();
    const bytes = entries.reduce((sum, { key, value }) => sum + Buffer.byteLength(key + value), 0);
    return store.bytes === bytes && bytes <= limits.bytes && entries.length <= limits.keys;
  });
  expect(() => assert(holds)).not.toThrow();
});
