import { expect, test } from "vitest";

import { exposition } from "../../core/metrics/exposition.ts";
import { MetricsRegistry } from "../../core/metrics/registry.ts";
import { parseExposition } from "../../test/support/exposition.ts";
import { AddedMetrics, pagesOf } from "./added-metrics.ts";

class Counting {
  readonly registry = new MetricsRegistry();
  readonly calls = this.registry.counter("calls_total", "Calls.", ["plugin", "version"]);
  readonly open = this.registry.gauge("open", "Open.");
  readonly times = this.registry.histogram("times", "Times.", [1, 2]);
  readonly ready = this.registry.gauge("sluice_ready", "Ready.");

  seenBy(added: AddedMetrics): void {
    added.see(this, pagesOf(this.registry.families));
  }
}

function scrape(added: AddedMetrics, own = new MetricsRegistry()): Readonly<Record<string, number>> {
  return Object.fromEntries(parseExposition(exposition(added.families(own.families))));
}

test("counters, gauges and buckets add up by their labels; a state of the whole is the worst one", () => {
  const added = new AddedMetrics();
  const [one, two, own] = [new Counting(), new Counting(), new Counting()];
  one.calls.with("guard", "1.0.0").add(3);
  two.calls.with("guard", "1.0.0").add(4);
  two.calls.with("tag", "1.0.0").add();
  for (const each of [one, two, own]) each.open.with().set(5);
  one.times.with().observe(0.5);
  two.times.with().observe(1.5);
  two.times.with().observe(9);
  one.ready.with().set(1);
  two.ready.with().set(0);
  own.ready.with().set(1);
  one.seenBy(added);
  two.seenBy(added);

  expect(scrape(added, own.registry)).toEqual({
    'calls_total{plugin="guard",version="1.0.0"}': 7,
    'calls_total{plugin="tag",version="1.0.0"}': 1,
    open: 15,
    'times_bucket{le="1"}': 1,
    'times_bucket{le="2"}': 2,
    'times_bucket{le="+Inf"}': 3,
    times_sum: 11,
    times_count: 3,
    sluice_ready: 0,
  });
});

test("what a process had counted stays when it ends; what it was does not", () => {
  const added = new AddedMetrics();
  const [one, two] = [new Counting(), new Counting()];
  for (const each of [one, two]) {
    each.calls.with("guard", "1.0.0").add(2);
    each.times.with().observe(1);
    each.open.with().set(1);
    each.seenBy(added);
  }

  added.end(one);
  added.end(one);
  added.end(two);

  expect(scrape(added)).toMatchObject({ 'calls_total{plugin="guard",version="1.0.0"}': 4, times_count: 2 });
  expect(scrape(added)).not.toHaveProperty("open");
});

test("versions that are not in force any more are forgotten with those who counted them", () => {
  const added = new AddedMetrics();
  const one = new Counting();
  one.calls.with("guard", "1.0.0").add();
  one.calls.with("guard", "2.0.0").add();
  one.times.with().observe(1);
  one.seenBy(added);
  added.end(one);

  added.retain(new Set(["guard@2.0.0"]));

  const kept = scrape(added);
  expect(Object.keys(kept).filter((name) => name.startsWith("calls"))).toEqual([
    'calls_total{plugin="guard",version="2.0.0"}',
  ]);
  expect(kept["times_count"]).toBe(1);
});
