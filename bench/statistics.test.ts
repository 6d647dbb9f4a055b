import { expect, test } from "vitest";

import { estimate } from "./statistics.ts";

test("nine rounds give the second lowest and the second highest as the 95 % interval of the median", () => {
  expect(estimate([5, 3, 9, 1, 7, 2, 8, 4, 6])).toEqual({ median: 5, low: 2, high: 8 });
});

test("twenty rounds cut five off at each end", () => {
  const rounds = Array.from({ length: 20 }, (_, index) => index + 1);

  expect(estimate(rounds)).toEqual({ median: 10.5, low: 6, high: 15 });
});

test("few rounds give the extremes", () => {
  expect(estimate([2, 1, 3])).toEqual({ median: 2, low: 1, high: 3 });
});
