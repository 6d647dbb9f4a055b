import { expect, test } from "vitest";

import type { Alarm, Silence } from "../model/alarm.ts";
import { newsFor } from "./news.ts";

const EVERYTHING = { kinds: [] };

function offline(node: string, cluster = "demo"): Alarm {
  const where = { cluster, node, plugin: undefined, release: undefined };
  return {
    ...where,
    key: `node-offline/${node}`,
    kind: "node-offline",
    message: `${node} is OFFLINE`,
    since: 0,
  };
}

function told(...alarms: readonly Alarm[]): ReadonlyMap<string, Alarm> {
  return new Map(alarms.map((alarm) => [alarm.key, alarm]));
}

function silence(part: Partial<Silence>): Silence {
  const whole = { kind: undefined, cluster: undefined, node: undefined, plugin: undefined, reason: "" };
  return { id: "s", by: "ann", until: 100, revision: 1, ...whole, ...part };
}

test("an alarm is told once, and once that it is over", () => {
  const alarms = [offline("a")];
  const first = newsFor(EVERYTHING, { alarms, complete: true }, told(), [], 0);
  const second = newsFor(EVERYTHING, { alarms, complete: true }, told(...alarms), [], 0);
  const third = newsFor(EVERYTHING, { alarms: [], complete: true }, told(...alarms), [], 0);

  expect(first).toEqual([{ event: "raised", alarms }]);
  expect(second).toEqual([]);
  expect(third).toEqual([{ event: "resolved", alarms }]);
});

test("what begins together, of one kind in one cluster, is one call", () => {
  const alarms = [offline("a"), offline("b"), offline("c", "other")];

  const news = newsFor(EVERYTHING, { alarms, complete: true }, told(), [], 0);

  expect(news.map((each) => each.alarms.map(({ node }) => node))).toEqual([["a", "b"], ["c"]]);
});

test("a look that could not see everything ends nothing", () => {
  expect(newsFor(EVERYTHING, { alarms: [], complete: false }, told(offline("a")), [], 0)).toEqual([]);
});

test("a silence holds back what fits all of it, until it ends", () => {
  const standing = { alarms: [offline("a"), offline("b")], complete: true };
  const silences = [silence({ cluster: "demo", node: "a" })];

  const during = newsFor(EVERYTHING, standing, told(), silences, 99);
  const after = newsFor(EVERYTHING, standing, told(offline("b")), silences, 100);

  expect(during).toEqual([{ event: "raised", alarms: [offline("b")] }]);
  expect(after).toEqual([{ event: "raised", alarms: [offline("a")] }]);
});

test("a webhook hears of the kinds that it wants", () => {
  const standing = { alarms: [offline("a")], complete: true };

  expect(newsFor({ kinds: ["nack"] }, standing, told(), [], 0)).toEqual([]);
  expect(newsFor({ kinds: ["node-offline"] }, standing, told(), [], 0)).toHaveLength(1);
});
