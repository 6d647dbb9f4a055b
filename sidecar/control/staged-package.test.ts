import { expect, test } from "vitest";

import { InputError } from "../../core/errors.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { testPackage } from "../../test/support/scripted-plugins.ts";
import { InvalidPackage, StagedPackage } from "./staged-package.ts";

const FOUND = testPackage("guard");
const WANTED = { plugin: "guard", version: "1.0.0", digest: FOUND.digest, size: 10, config: { level: 1 } };

/** A package whose attempts end as scripted, one after the other; the last one again and again. */
function setUp(...outcomes: readonly (Error | "good")[]) {
  const clock = new ManualClock();
  const states: string[] = [];
  const checked: unknown[] = [];
  let attempt = 0;
  const reached = new Map<number, () => void>();
  const staged = new StagedPackage(WANTED, {
    clock,
    obtain: async () => {
      const outcome = outcomes[Math.min(attempt++, outcomes.length - 1)];
      if (outcome instanceof Error) throw outcome;
      return FOUND;
    },
    check: async (_found, config) => void checked.push(config),
    onStatus: ({ status }) => {
      states.push(status.state);
      reached.get(states.length)?.();
    },
  });
  /** Resolves when so many states were told. */
  const told = async (count: number): Promise<readonly string[]> => {
    if (states.length < count) await new Promise<void>((resolve) => reached.set(count, resolve));
    return states;
  };
  return { staged, clock, checked, told };
}

test("a good package is loadable with the config that it was checked with", async () => {
  const { told, checked, staged } = setUp("good");
  expect(await told(2)).toEqual(["FETCHING", "LOADABLE"]);
  expect(checked).toEqual([{ level: 1 }]);
  expect(staged.status).toMatchObject({ package: FOUND });
});

test("trouble that may pass is told and tried again with back-off, for as long as it takes", async () => {
  const { told, clock, staged } = setUp(new Error("disk full"), new Error("disk full"), "good");
  await told(2);
  expect(staged.status).toEqual({ state: "WAITING", detail: "disk full", attempts: 1 });
  clock.advance(1_250);
  await told(3);
  expect(staged.status).toMatchObject({ attempts: 2 });
  clock.advance(2_500);
  expect(await told(4)).toEqual(["FETCHING", "WAITING", "WAITING", "LOADABLE"]);
});

test.for([
  ["its schema", new InputError([{ where: "guard", key: "config.level", message: "must be integer" }])],
  ["its script", new InvalidPackage("SyntaxError: unexpected token")],
] as const)(
  "what %s refuses is invalid and not tried again until somebody says retry",
  async ([, refusal]) => {
    const { told, clock, staged } = setUp(refusal, "good");
    await told(2);
    expect(staged.status).toMatchObject({ state: "INVALID" });
    clock.advance(3_600_000);
    expect(staged.status).toMatchObject({ state: "INVALID" });

    staged.renew(WANTED, false);
    expect(await told(2)).toEqual(["FETCHING", "INVALID"]);
    staged.renew(WANTED, true);
    expect(await told(4)).toEqual(["FETCHING", "INVALID", "FETCHING", "LOADABLE"]);
  },
);

test("what was refused for a size that was told wrong is fetched again when the right one is told", async () => {
  const { told, staged } = setUp(new InvalidPackage("it has 12 bytes, not 10"), "good");
  await told(2);
  staged.renew({ ...WANTED, size: 12 }, false);
  expect(await told(4)).toEqual(["FETCHING", "INVALID", "FETCHING", "LOADABLE"]);
  expect(staged.wanted.size).toBe(12);
});

test("another config is checked, the same one is not checked again", async () => {
  const { told, checked, staged } = setUp("good");
  await told(2);
  staged.renew({ ...WANTED, config: { level: 1 } }, false);
  staged.renew({ ...WANTED, config: { level: 2 } }, false);
  await told(4);
  expect(checked).toEqual([{ level: 1 }, { level: 2 }]);
});

test("while it is being fetched, being wanted again changes nothing", async () => {
  const { told, staged } = setUp("good");
  staged.renew({ ...WANTED }, true);
  expect(await told(2)).toEqual(["FETCHING", "LOADABLE"]);
});

test("disposed of, it tells nothing more", async () => {
  const { staged, clock, told } = setUp(new Error("down"));
  await told(2);
  await staged[Symbol.asyncDispose]();
  clock.advance(60_000);
  expect(await told(2)).toEqual(["FETCHING", "WAITING"]);
});
