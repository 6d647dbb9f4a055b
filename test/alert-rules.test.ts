import { readFileSync } from "node:fs";

import { expect, test } from "vitest";
import { parse } from "yaml";

import { TestControlPlane } from "./support/control-plane.ts";

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

const rules = (
  parse(readFileSync(new URL("../deploy/prometheus/alerts.yaml", import.meta.url), "utf8")) as Rules
).groups.flatMap((group) => group.rules);

test("alert rules name metrics and labels that a control plane has", async () => {
  await using plane = await TestControlPlane.start();
  const families = plane.controlPlane.registry.families;
  const labels = new Map(families.map(({ name, labels }) => [name, labels]));

  for (const { alert, expr } of rules) {
    const selectors = Array.from(expr.matchAll(/(sluice_[a-z_]+)(?:\{([^}]*)\})?/g));
    expect({ alert, selectors }).not.toEqual({ alert, selectors: [] });
    for (const [, name = "", matchers = ""] of selectors) {
      expect([...labels.keys()]).toContain(name);
      const used = Array.from(matchers.matchAll(/([a-z_]+)\s*(?:=~|!=|!~|=)/g), ([, label]) => label);
      expect(labels.get(name)).toEqual(expect.arrayContaining(used));
    }
  }
});
