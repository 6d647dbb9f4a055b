import type { Hello } from "../../proto/gen/mesh/v1/Hello.ts";
import type { NodeIdentity } from "../config/snapshot.ts";
import { currentPlatform } from "../plugins/process/platform.ts";
import type { HeldResources } from "./last-good.ts";
import { RESOURCE_NAMES, RESOURCE_TYPES } from "./resource.ts";
import type { StagedPackage } from "./staged-package.ts";

/** Versions of config.proto that this node speaks. */
const API_VERSIONS = ["mesh.v1"];

/** Who this node is, in this life. */
export interface NodeSelf {
  readonly identity: NodeIdentity & { readonly id: string };
  /** Of Sluice. */
  readonly version: string;
  /** Another one in each life. */
  readonly incarnation: string;
}

/** What the node says first: who it is, and what it has, so that nothing of it is sent again. */
export function helloOf(
  { identity, version, incarnation }: NodeSelf,
  held: HeldResources,
  packages: readonly StagedPackage[],
): Hello {
  const { id, cluster, service, symbol, labels } = identity;
  return {
    apiVersions: API_VERSIONS,
    node: id,
    cluster,
    service,
    symbol,
    labels,
    version,
    platform: currentPlatform(),
    inForce: RESOURCE_NAMES.flatMap((name) => {
      const hash = held[name]?.hash;
      return hash === undefined ? [] : [{ type: RESOURCE_TYPES[name], hash }];
    }),
    staged: packages
      .filter(({ status }) => status.state === "LOADABLE")
      .map(({ wanted: { plugin, version: of, digest } }) => ({ plugin, version: of, digest })),
    incarnation,
  };
}
