import { expect, test } from "vitest";

import { InputError, namedOf, type Problem } from "./errors.ts";

function problems(count: number, keyOf: (index: number) => string): readonly Problem[] {
  return Array.from({ length: count }, (_, index) => ({
    where: "mesh.yaml",
    key: keyOf(index),
    message: `wrong ${index}`,
  }));
}

test("an error that is made of another's problems still says how many there are", () => {
  const error = new InputError(problems(500, (index) => `k${index}`));

  const wrapped = new InputError(error.problems.map((each) => ({ ...each, where: "elsewhere" })));

  expect(wrapped.problems).toHaveLength(500);
  expect(wrapped.message.split("\n")).toHaveLength(21);
  expect(wrapped.message).toMatch(/\nelsewhere: k19: wrong 19\nelsewhere: and 480 more$/);
});

test("those of several files that are not named are counted without a file", () => {
  const several = problems(30, () => "kind").map((each, index) => ({ ...each, where: `${index % 3}.yaml` }));

  expect(new InputError(several).message.split("\n").at(-1)).toBe("kind: and 10 more");
});

test("as many as can be named are said as they are", () => {
  const twenty = problems(20, (index) => `k${index}`);

  expect(namedOf(twenty)).toEqual(twenty);
});

test.for([
  ["chain[2].config.a", "chain[2].config.b", "chain[2].config"],
  ["chain[2].config.a", "chain[21].config.a", "chain"],
  ["chain[2].config", "chain[2].config.a", "chain[2].config"],
  ["timeout", "timeouts", undefined],
] as const)("those that are not named are counted where all of them are: %s and %s", ([even, odd, key]) => {
  const named = namedOf(problems(40, (index) => (index % 2 === 0 ? even : odd)));

  expect(named.at(-1)?.key).toBe(key);
  expect(named.at(-1)?.message).toBe("and 20 more");
});
