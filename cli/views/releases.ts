import type { z } from "zod";

import type * as resource from "../../control-plane/api/contract/resources.ts";
import { age } from "../output/age.ts";
import type { View } from "../output/format.ts";

type Release = z.infer<typeof resource.release>;

/** `1/2`, of those that were asked for when it was approved; a rollback to what ran before goes on without any. */
export function approvalsText({ approvals, requiredApprovals }: Release): string {
  if (approvals.some(({ bypass }) => bypass)) return "bypassed";
  return requiredApprovals === 0 ? "not required" : `${approvals.length}/${requiredApprovals}`;
}

export const RELEASES: View<Release> = {
  kind: "release",
  name: ({ id }) => String(id),
  columns: [
    { heading: "ID", value: ({ id }) => String(id) },
    { heading: "CLUSTER", value: ({ cluster }) => cluster },
    { heading: "PLUGIN", value: ({ plugin, version }) => `${plugin}@${version}` },
    { heading: "STATE", value: ({ state }) => state },
    { heading: "TARGET", value: ({ target }) => targetText(target) },
    { heading: "APPROVALS", value: approvalsText },
    { heading: "AUTHOR", value: ({ author }) => author },
    { heading: "AGE", value: ({ createdAt }, now) => age(createdAt, now) },
    { heading: "BASE", value: ({ base }) => base ?? "", wide: true },
    { heading: "AT", value: ({ scheduledAt }) => scheduledAt ?? "", wide: true },
    { heading: "REASON", value: ({ reason }) => reason, wide: true },
    { heading: "ACTIONS", value: ({ actions }) => actions.join(","), wide: true },
  ],
};

export const RELEASE_NODES: View<z.infer<typeof resource.releaseNode>> = {
  kind: "node",
  name: ({ node }) => node,
  columns: [
    { heading: "NODE", value: ({ node }) => node },
    { heading: "ONLINE", value: ({ online }) => (online ? "yes" : "no") },
    { heading: "TARGET", value: ({ targeted }) => (targeted ? "yes" : "base") },
    { heading: "STEP", value: ({ step }) => step },
    { heading: "RUNNING", value: ({ running }) => running ?? "" },
    { heading: "ERROR", value: ({ error }) => error ?? "" },
  ],
};

/** `gray 50% of nodes`, `full`, … */
export function targetText(target: Release["target"]): string {
  switch (target.kind) {
    case "full":
      return "full";
    case "nodes":
      return `gray ${target.nodes.join(",")}`;
    case "selector":
      return `gray ${Object.entries(target.labels)
        .map(([label, value]) => `${label}=${value}`)
        .join(",")}`;
    case "percentage":
      return `gray ${target.percentage}% of nodes`;
    case "traffic":
      return `gray ${target.percentage}% of traffic`;
  }
}
