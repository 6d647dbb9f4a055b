import { fileURLToPath } from "node:url";

import type { z } from "zod";

import type * as resource from "../../control-plane/api/contract/resources.ts";

type ChainEntry = z.input<typeof resource.chainEntry>;

/** Domain, cluster, service and node of the demo. */
export const DEMO = { domain: "demo", cluster: "demo", service: "demo-app", node: "demo-1" } as const;

/** Where the example plugins lie. */
export const EXAMPLES = fileURLToPath(new URL("../../plugins-example", import.meta.url));

/** What the token guard of the demo lets pass, as the sidecar's environment has it. */
export const DEMO_SECRET = { name: "DEMO_GUARD_TOKEN", value: "let-me-in" } as const;

/** The chain of the demo's cluster, the same as in deploy/demo/mesh.yaml. */
export const DEMO_CHAIN: readonly ChainEntry[] = [
  {
    plugin: "header-tag",
    tag: "demo",
    config: { responseHeader: "X-WEB-Served-By", responseValue: "sluice" },
  },
  { plugin: "rate-limit", config: { requests: 100_000, windowSeconds: 1 } },
  {
    plugin: "token-guard",
    match: { path: { prefix: "/private" } },
    // Secrets never pass through a control plane: the node finds it in its environment.
    config: { cookie: "token", token: { fromEnv: DEMO_SECRET.name } },
  },
];
