import type { z } from "zod";

import type * as resource from "../../control-plane/api/contract/resources.ts";
import { age } from "../output/age.ts";
import type { View } from "../output/format.ts";

type Node = z.infer<typeof resource.node>;

export const NODES: View<Node> = {
  kind: "node",
  name: ({ id }) => id,
  columns: [
    { heading: "NODE", value: ({ id }) => id },
    { heading: "CLUSTER", value: ({ cluster }) => cluster },
    { heading: "SERVICE", value: ({ service }) => service },
    { heading: "SYMBOL", value: ({ symbol }) => symbol },
    { heading: "VERSION", value: ({ version }) => version },
    { heading: "PRESENCE", value: ({ presence }) => presence },
    { heading: "SYNC", value: ({ sync }) => sync },
    { heading: "WANTED", value: (node) => shortHash(node.resources.chain.wanted?.hash) },
    { heading: "SENT", value: (node) => shortHash(node.resources.chain.sent?.hash) },
    { heading: "ACKED", value: (node) => shortHash(node.resources.chain.acked?.hash) },
    { heading: "PLUGINS", value: pluginCounts },
    { heading: "AGE", value: ({ lastSeen }, now) => age(lastSeen, now) },
    { heading: "PLATFORM", value: ({ platform }) => platform, wide: true },
    {
      heading: "LABELS",
      value: ({ labels }) =>
        Object.entries(labels)
          .map(([label, value]) => `${label}=${value}`)
          .join(","),
      wide: true,
    },
  ],
};

export const NODE_PLUGINS: View<Node["plugins"][number]> = {
  kind: "plugin",
  name: ({ plugin, version }) => `${plugin}@${version}`,
  columns: [
    { heading: "PLUGIN", value: ({ plugin }) => plugin },
    { heading: "VERSION", value: ({ version }) => version },
    { heading: "STATUS", value: ({ status }) => status },
    { heading: "GENERATION", value: ({ generation }) => (generation === 0 ? "" : String(generation)) },
    { heading: "DIGEST", value: ({ digest }) => digest.slice(0, 12) },
    { heading: "ERROR", value: ({ error }) => error },
  ],
};

/** What a node says of each plugin; of one that goes on as it was, since it cannot be loaded as it should be, why not. */
export function explainedPlugins({ plugins, packages }: Node): Node["plugins"] {
  return plugins.map((plugin) => {
    const refused = packages.find(({ digest, state }) => digest === plugin.digest && state === "INVALID");
    return plugin.error === "" && refused !== undefined ? { ...plugin, error: refused.detail } : plugin;
  });
}

export const REFUSED: View<Node["refused"][number]> = {
  kind: "resource",
  name: ({ type }) => type,
  columns: [
    { heading: "TYPE", value: ({ type }) => type },
    { heading: "HASH", value: ({ hash }) => hash?.slice(0, 12) ?? "" },
    {
      heading: "VERSION",
      value: ({ plugin, version }) => (plugin === undefined ? "" : `${plugin}@${version}`),
    },
    { heading: "AT", value: ({ at }) => at ?? "" },
    { heading: "WHY", value: ({ problems }) => problems.join("; ") },
  ],
};

/** `3 ok`, or `2 ok, 1 failed`. */
function pluginCounts({ plugins }: Node): string {
  const ok = plugins.filter(({ status }) => status === "RUNNING").length;
  const failed = plugins.filter(({ status }) => status === "FAILED" || status === "QUARANTINED").length;
  return failed === 0 ? `${ok} ok` : `${ok} ok, ${failed} failed`;
}

function shortHash(hash: string | undefined): string {
  return hash?.slice(0, 8) ?? "";
}
