import type { z } from "zod";

import type * as resource from "../../control-plane/api/contract/resources.ts";
import { age } from "../output/age.ts";
import type { View } from "../output/format.ts";

export const DOMAINS: View<z.infer<typeof resource.domain>> = {
  kind: "domain",
  document: "Domain",
  name: ({ name }) => name,
  columns: [
    { heading: "NAME", value: ({ name }) => name },
    { heading: "VERSION-APPROVAL", value: ({ versionApproval }) => (versionApproval ? "yes" : "no") },
    { heading: "DESCRIPTION", value: ({ description }) => description },
    { heading: "REVISION", value: ({ revision }) => String(revision), wide: true },
  ],
};

export const CLUSTERS: View<z.infer<typeof resource.cluster>> = {
  kind: "cluster",
  document: "Cluster",
  name: ({ name }) => name,
  columns: [
    { heading: "NAME", value: ({ name }) => name },
    { heading: "DOMAIN", value: ({ domain }) => domain },
    { heading: "ENVIRONMENT", value: ({ environment }) => environment },
    { heading: "APPROVALS", value: ({ requiredApprovals }) => String(requiredApprovals) },
    { heading: "REVISION", value: ({ revision }) => String(revision), wide: true },
  ],
};

export const PLUGINS: View<z.infer<typeof resource.plugin>> = {
  kind: "plugin",
  document: "Plugin",
  name: ({ name }) => name,
  columns: [
    { heading: "NAME", value: ({ name }) => name },
    { heading: "DOMAIN", value: ({ domain }) => domain },
    { heading: "OWNERS", value: ({ owners }) => owners.join(",") },
    { heading: "DESCRIPTION", value: ({ description }) => description },
  ],
};

/** Nobody waits for an approval that nobody asks for. */
export function approvalText({
  approval,
  approvalRequired,
}: Pick<z.infer<typeof resource.pluginVersion>, "approval" | "approvalRequired">): string {
  return approval === "PENDING" && !approvalRequired ? "not required" : approval;
}

export const VERSIONS: View<z.infer<typeof resource.pluginVersion>> = {
  kind: "version",
  name: ({ plugin, version }) => `${plugin}@${version}`,
  columns: [
    { heading: "VERSION", value: ({ version }) => version },
    { heading: "APPROVAL", value: approvalText },
    { heading: "DIGEST", value: ({ digest }) => digest.slice(0, 12) },
    { heading: "UPLOADER", value: ({ uploader }) => uploader },
    { heading: "AGE", value: ({ uploadedAt }, now) => age(uploadedAt, now) },
    {
      heading: "IN-USE-BY",
      value: ({ usedBy }) => usedBy.map(({ cluster, release }) => `${cluster}#${release}`).join(","),
    },
    { heading: "NOTE", value: ({ note }) => note, wide: true },
  ],
};

export const CHAINS: View<z.infer<typeof resource.chain>> = {
  kind: "chain",
  document: "Chain",
  name: ({ cluster }) => cluster,
  columns: [
    { heading: "CLUSTER", value: ({ cluster }) => cluster },
    { heading: "PLUGINS", value: ({ entries }) => entries.map(entryText).join(", ") },
    { heading: "DEADLINES", value: ({ deadlines }) => `${deadlines.request} / ${deadlines.response}` },
    { heading: "REVISION", value: ({ revision }) => String(revision), wide: true },
  ],
};

/** `guard`, or `guard (degrade)` */
function entryText({ plugin, mode }: z.infer<typeof resource.chainEntry>): string {
  return mode === "enforce" ? plugin : `${plugin} (${mode})`;
}

export const CHAIN_ENTRIES: View<z.infer<typeof resource.chainEntry>> = {
  kind: "entry",
  name: ({ plugin }) => plugin,
  columns: [
    { heading: "PLUGIN", value: ({ plugin }) => plugin },
    { heading: "MODE", value: ({ mode }) => mode },
    { heading: "TAG", value: ({ tag }) => tag },
    { heading: "POLICY", value: ({ failurePolicy }) => failurePolicy ?? "manifest's" },
    { heading: "MATCH", value: ({ match }) => (match === undefined ? "" : JSON.stringify(match)) },
    {
      heading: "CONFIG",
      value: ({ config }) => (config === undefined ? "" : JSON.stringify(config)),
      wide: true,
    },
  ],
};
