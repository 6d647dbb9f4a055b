import { expect, test } from "vitest";
import { ManualClock } from "../../core/manual-clock.ts";
import { entryFor, requestFacts } from "../../test/support/chain-fixtures.ts";
import { ScriptedGeneration } from "../../test/support/scripted-runtime.ts";
import { Breaker } from "./breaker.ts";
import type { ChainEntry } from "./entry.ts";
import { liveEntry } from "./live-entry.ts";
import { EMPTY_PLAN, Plans } from "./plan.ts";
import type { Position } from "./verdict.ts";

function plansOf(...entries: readonly ChainEntry[]): Plans {
  return new Plans(entries.map((entry) => liveEntry(entry, () => new Breaker({ clock: new ManualClock() }))));
}

const onlyWith = (name: string): Pick<ChainEntry, "match"> => ({
  match: { headers: [{ name, value: { present: true } }] },
});

function pluginsAt(plans: Plans, headers: readonly string[]): string[] {
  const [request] = plans.for(requestFacts({ headers })).segments;
  return request.flatMap(({ asks }) => asks.map(({ target }) => target.plugin));
}

test("without conditions every request gets the same plan", () => {
  const plans = plansOf(entryFor(new ScriptedGeneration("a")));
  expect(plans.for(requestFacts({ path: "/x" }))).toBe(plans.for(requestFacts({ path: "/y" })));
});

test("requests that match the same entries share a plan, and it holds just those entries in order", () => {
  const plans = plansOf(
    entryFor(new ScriptedGeneration("a"), onlyWith("x-a")),
    entryFor(new ScriptedGeneration("b")),
    entryFor(new ScriptedGeneration("c"), onlyWith("x-c")),
  );
  expect(pluginsAt(plans, [])).toEqual(["b"]);
  expect(pluginsAt(plans, ["x-a", "1"])).toEqual(["a", "b"]);
  expect(pluginsAt(plans, ["x-c", "1"])).toEqual(["b", "c"]);
  expect(pluginsAt(plans, ["x-c", "1", "x-a", "1"])).toEqual(["a", "b", "c"]);
  const facts = requestFacts({ headers: ["x-c", "1"] });
  expect(plans.for(facts)).toBe(plans.for(facts));
});

test("entries that a request leaves out no longer part the round trip of those around them", () => {
  const a = new ScriptedGeneration("a");
  const c = new ScriptedGeneration("c", { runner: a.runner });
  const remote = new ScriptedGeneration("remote");
  const plans = plansOf(entryFor(a), entryFor(remote, onlyWith("x-r")), entryFor(c));
  expect(plans.for(requestFacts()).segments[0]).toHaveLength(1);
  expect(plans.for(requestFacts({ headers: ["x-r", "1"] })).segments[0]).toHaveLength(3);
});

test("a request to which nothing applies has the empty plan", () => {
  const plans = plansOf(entryFor(new ScriptedGeneration("a"), onlyWith("x-a")));
  expect(plans.for(requestFacts())).toBe(EMPTY_PLAN);
});

test("fifty conditional entries are told apart, and no client can make the plans grow without bound", () => {
  const entries = Array.from({ length: 50 }, (_, index) =>
    entryFor(new ScriptedGeneration(`p${index}`), onlyWith(`x-${index}`)),
  );
  const plans = plansOf(...entries);
  const pairs = entries.flatMap((_, right) => Array.from({ length: right }, (__, left) => [left, right]));
  const headersOf = (pair: readonly number[]): string[] => pair.flatMap((index) => [`x-${index}`, "1"]);

  for (const pair of pairs)
    expect(pluginsAt(plans, headersOf(pair))).toEqual(pair.map((index) => `p${index}`));

  const isKept = (pair: readonly number[] = []): boolean => {
    const facts = requestFacts({ headers: headersOf(pair) });
    return plans.for(facts) === plans.for(facts);
  };
  expect(isKept(pairs[0])).toBe(true);
  expect(isKept(pairs.at(-1))).toBe(false);
});

test("a response that is only noted is judged by nobody", () => {
  const judges = (mode: ChainEntry["mode"], positions: readonly Position[]): boolean =>
    plansOf(entryFor(new ScriptedGeneration("a", { positions }), { mode })).for(requestFacts())
      .judgesResponse;

  expect(judges("degrade", [0, 1])).toBe(false);
  expect(judges("enforce", [0])).toBe(false);
  expect(judges("enforce", [1])).toBe(true);
});
