import { Readable } from "node:stream";

import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { Grant } from "../../control-plane/model/access.ts";
import { examplePackage } from "./example-package.ts";
import { DEMO, DEMO_CHAIN } from "./plan.ts";
import { unlessMissing } from "./unless-missing.ts";

/** Secrets of the people and of the node of the demo. */
export interface DemoTokens {
  readonly dev: string;
  readonly ops: string;
  readonly node: string;
}

const DEVELOPER: Grant[] = [{ role: "developer", scope: { kind: "domain", domain: DEMO.domain } }];
const OPS: Grant[] = [
  { role: "approver", scope: { kind: "all" } },
  { role: "operator", scope: { kind: "all" } },
];

/** Makes domain and cluster where they are missing; what is there stays as somebody made it. */
export async function makeCluster(admin: ApiClient): Promise<void> {
  const { domain, cluster } = DEMO;
  await unlessThere(admin.call("getDomain", { params: { domain } }), () =>
    admin.call("putDomain", {
      params: { domain },
      body: { name: domain, description: "What `sluice up` runs.", versionApproval: false },
    }),
  );
  await unlessThere(admin.call("getCluster", { params: { cluster } }), () =>
    admin.call("putCluster", {
      params: { cluster },
      body: {
        name: cluster,
        domain,
        environment: "development",
        requiredApprovals: 1,
        rollbackApproval: false,
      },
    }),
  );
}

/** Tokens for a developer, for ops, and for the sidecar; each start of a demo without them makes them. */
export async function makeTokens(admin: ApiClient): Promise<DemoTokens> {
  const token = async (name: string, grants: Grant[], node?: string): Promise<string> => {
    const body = { name, grants, ...(node === undefined ? {} : { node }) };
    return (await admin.call("createToken", { body })).secret;
  };
  const cluster: Grant[] = [{ role: "node", scope: { kind: "cluster", cluster: DEMO.cluster } }];
  return {
    dev: await token("dev", DEVELOPER),
    ops: await token("ops", OPS),
    node: await token(DEMO.node, cluster, DEMO.node),
  };
}

/**
 * Uploads the example plugins of the chain from `folder`, as their owner. Those that have a version stay as they are:
 * what was edited since is brought by who watches for edits.
 */
export async function uploadExamples(admin: ApiClient, dev: ApiClient, folder: string): Promise<void> {
  for (const { plugin } of DEMO_CHAIN) {
    await unlessThere(admin.call("getPlugin", { params: { plugin } }), () =>
      admin.call("putPlugin", {
        params: { plugin },
        body: { name: plugin, domain: DEMO.domain, description: "An example.", owners: ["dev"] },
      }),
    );
    const { items } = await dev.call("listVersions", { params: { plugin } });
    if (items.length > 0) continue;
    const zip = await examplePackage(folder, plugin);
    const file = { name: `${plugin}.zip`, size: zip.length, bytes: Readable.from([zip]) };
    await dev.upload({ plugin, note: "from plugins-example" }, file);
  }
}

/** Writes the demo's chain where the cluster has none. */
export async function makeChain(admin: ApiClient): Promise<void> {
  const { cluster } = DEMO;
  const { entries } = await admin.call("getChain", { params: { cluster } });
  if (entries.length > 0) return;
  await admin.call("putChain", {
    params: { cluster },
    body: { entries: [...DEMO_CHAIN], deadlines: { request: "200ms", response: "200ms" } },
  });
}

async function unlessThere(look: Promise<unknown>, make: () => Promise<unknown>): Promise<void> {
  if ((await unlessMissing(look)) === undefined) await make();
}
