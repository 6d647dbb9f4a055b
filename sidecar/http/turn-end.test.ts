import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import { atTurnEnd } from "./turn-end.ts";

function noting(order: string[], name: string, also?: () => void): { turnEnded(): void } {
  return {
    turnEnded: () => {
      order.push(name);
      also?.();
    },
  };
}

test("what is put off is done when the turn is over, in order, and not before", async () => {
  const order: string[] = [];

  atTurnEnd(noting(order, "a"));
  atTurnEnd(noting(order, "b"));
  order.push("turn");
  await setImmediate();

  expect(order).toEqual(["turn", "a", "b"]);
});

test("what is put off meanwhile comes a turn later", async () => {
  const order: string[] = [];

  atTurnEnd(noting(order, "a", () => atTurnEnd(noting(order, "c"))));
  atTurnEnd(noting(order, "b"));
  await setImmediate();
  await setImmediate();

  expect(order).toEqual(["a", "b", "c"]);
});

test("in a long turn the first do not wait for all the others", async () => {
  const order: string[] = [];

  for (let number = 0; number < 40; number++) atTurnEnd(noting(order, String(number)));

  expect(order).toHaveLength(32);
  await setImmediate();
  expect(order).toHaveLength(40);
});
