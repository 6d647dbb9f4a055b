import { readFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";

import { expect, test } from "vitest";
import { parse } from "yaml";

import { ALARM_KINDS } from "../control-plane/model/alarm.ts";
import { PRESENCES, SYNC_STATES } from "../control-plane/model/node.ts";
import { ENTRY_MODES } from "../core/chain-document/chain-document.ts";
import { registryOfSidecar } from "../scripts/metrics-page.ts";
import { TestControlPlane } from "./support/control-plane.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}

interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

const { groups } = parse(
  readFileSync(new URL("../deploy/prometheus/alerts.yaml", import.meta.url), "utf8"),
) as Rules;

/** Values that a label may have. A rule that asks for one of a label that is not here is refused. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  presence: PRESENCES,
  sync: SYNC_STATES,
  kind: ALARM_KINDS,
  mode: ENTRY_MODES.filter((mode) => mode !== "off"),
  status: Object.keys(STATUS_CODES),
};
/** Prometheus puts it on what it scrapes. */
const ADDED = "instance";

/** What of a rule is not as the metrics are; `labels` by metric. */
function problemsOf({ expr, annotations }: Rule, labels: ReadonlyMap<string, readonly string[]>): string[] {
  const selectors = Array.from(expr.matchAll(/\b(sluice_\w+)(?:\{([^}]*)\})?/g));
  const named = selectors.map(([, name = ""]) => name);
  const problems = named.filter((name) => !labels.has(name)).map((name) => `no metric ${name}`);
  if (named.length === 0) problems.push("no metric is named");
  for (const [, name = "", matchers = ""] of selectors) {
    const read = Array.from(matchers.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g));
    if (read.map(([text]) => text).join(",") !== matchers.replaceAll(/\s/g, ""))
      problems.push(`{${matchers}} is not understood`);
    for (const [, label = "", operator = "", value = ""] of read) {
      if (!labels.get(name)?.includes(label)) problems.push(`${name} has no label ${label}`);
      problems.push(...unknownValues(label, operator.endsWith("~"), value));
    }
  }
  const used = [
    ...Array.from(expr.matchAll(/\bby \(([^)]*)\)/g), ([, list = ""]) => list.split(/,\s*/)).flat(),
    ...Array.from(annotations.summary.matchAll(/\$labels\.(\w+)/g), ([, label = ""]) => label),
  ];
  const known = [ADDED, ...named.flatMap((name) => labels.get(name) ?? [])];
  return [...problems, ...used.filter((label) => !known.includes(label)).map((label) => `no label ${label}`)];
}

/** Every alternative of a pattern must fit something. */
function unknownValues(label: string, isPattern: boolean, value: string): readonly string[] {
  const values = VALUES[label];
  if (values === undefined) return [`the values of ${label} are not known`];
  const wanted = isPattern ? value.split("|") : [value];
  return wanted
    .filter(
      (each) => !values.some((one) => (isPattern ? new RegExp(`^(?:${each})$`).test(one) : each === one)),
    )
    .map((each) => `${label} is never ${each}`);
}

test("alert rules name metrics, labels and values that control planes and sidecars have", async () => {
  await using plane = await TestControlPlane.start();
  const registries = {
    "sluice-control-plane": plane.controlPlane.registry,
    "sluice-sidecars": registryOfSidecar(),
  };

  expect(groups.map(({ name }) => name)).toEqual(Object.keys(registries));
  for (const { name, rules } of groups) {
    const { families } = registries[name as keyof typeof registries];
    const labels = new Map(families.map((family) => [family.name, family.labels]));
    expect(rules.length).toBeGreaterThan(0);
    for (const rule of rules)
      expect({ alert: rule.alert, problems: problemsOf(rule, labels) }).toEqual({
        alert: rule.alert,
        problems: [],
      });
  }
});

test.for([
  ['sum(sluice_cp_nodes{presence="GONE"}) > 0', "presence is never GONE"],
  ['sum(sluice_cp_nodes{presence!="Offline"}) > 0', "presence is never Offline"],
  ['sum(sluice_cp_alarms{kind=~"nack|plugin-faulty"}) > 0', "kind is never plugin-faulty"],
  ['sum(sluice_cp_alarms{kind=~"plugin"}) > 0', "kind is never plugin"],
  ['sum(sluice_cp_nodes{kind="nack"}) > 0', "sluice_cp_nodes has no label kind"],
  ["sum(sluice_cp_nodes{presence='ONLINE'}) > 0", "{presence='ONLINE'} is not understood"],
  ['sum(sluice_cp_nodes{cluster="demo"}) > 0', "the values of cluster are not known"],
  ["sum by (zone) (sluice_cp_alarms) > 0", "no label zone"],
  ["sum(sluice_cp_node) > 0", "no metric sluice_cp_node"],
  ["vector(1) > 0", "no metric is named"],
] as const)("of a rule %s it is told that %s", ([expr, problem]) => {
  const labels = new Map([
    ["sluice_cp_nodes", ["presence", "sync"]],
    ["sluice_cp_alarms", ["kind"]],
  ]);

  expect(problemsOf({ alert: "Wrong", expr, annotations: { summary: "" } }, labels)).toContain(problem);
});
