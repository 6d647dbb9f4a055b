import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import { ShownExchanges } from "./shown-exchanges.ts";

const EXCHANGE = '{"level":30,"time":"2026-01-01T00:00:00.000Z","msg":"exchange","id":1}';
const OTHER = '{"level":30,"time":"2026-01-01T00:00:00.000Z","msg":"a plugin was reloaded"}';

function setUp(): {
  readonly clock: ManualClock;
  readonly shown: ShownExchanges;
  readonly said: readonly string[];
} {
  const clock = new ManualClock();
  const said: string[] = [];
  return { clock, shown: new ShownExchanges(clock, (text) => said.push(text)), said };
}

test("the first exchanges of each second are shown, and how many are not is told when it is over", () => {
  const { clock, shown, said } = setUp();

  const first = Array.from({ length: 50 }, () => shown.hides(EXCHANGE));
  expect(first.filter((hidden) => !hidden)).toHaveLength(20);
  expect(first.slice(0, 20)).not.toContain(true);
  expect(said).toEqual([]);
  clock.advance(1_000);
  expect(said).toEqual(["… and 30 more exchanges in this second\n"]);

  expect(shown.hides(EXCHANGE)).toBe(false);
  clock.advance(1_000);
  expect(said).toHaveLength(1);
});

test("what is no exchange is shown however much there is", () => {
  const { clock, shown } = setUp();

  for (let line = 0; line < 100; line++) expect(shown.hides(OTHER)).toBe(false);
  expect(clock.pending).toBe(0);
});

test("nothing waits when it is disposed of", () => {
  const { clock, shown } = setUp();
  shown.hides(EXCHANGE);

  shown[Symbol.dispose]();

  expect(clock.pending).toBe(0);
});
