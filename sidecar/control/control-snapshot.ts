import { z } from "zod";

import { checkValue } from "../../core/document.ts";
import { checkSnapshot } from "../config/snapshot-schema.ts";
import type { MeshSnapshot, NodeIdentity } from "../config/snapshot.ts";
import { CONTROL_PLANE } from "./resource.ts";

/** What is the node's own in each of its snapshots. */
export interface SnapshotPlace {
  readonly node: NodeIdentity;
  /** What relative paths of secrets are relative to. */
  readonly directory: string;
}

const chain = z.strictObject({
  entries: z.array(z.looseObject({ unavailable: z.union([z.boolean(), z.string()]).optional() })),
  deadlines: z.unknown().optional(),
});
const route = z.strictObject({ services: z.unknown().optional(), unknownServices: z.unknown().optional() });

const UNAVAILABLE = "the control plane has no version of it for this node";

/**
 * The snapshot that the contents of `chain` and `route` make together; undefined: nothing of that type. What they
 * hold has the shape of a configuration file and is checked as one. Throws an `InputError`.
 */
export function controlSnapshot(
  contents: { readonly chain: unknown; readonly route: unknown },
  { node, directory }: SnapshotPlace,
): MeshSnapshot {
  const { entries, deadlines } = checkValue(CONTROL_PLANE, contents.chain ?? { entries: [] }, chain);
  const { services, unknownServices } = checkValue(CONTROL_PLANE, contents.route ?? {}, route);
  const snapshot = checkSnapshot(CONTROL_PLANE, {
    apiVersion: "sluice/v1",
    kind: "Mesh",
    chain: entries.map(asInFile),
    deadlines,
    services,
    unknownServices,
  });
  return {
    ...snapshot,
    where: CONTROL_PLANE,
    directory,
    node,
    chain: snapshot.chain.map((entry, index) => ({
      ...entry,
      unavailable: reasonOf(entries[index]?.unavailable),
    })),
  };
}

function asInFile(entry: object): object {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => key !== "unavailable"));
}

function reasonOf(unavailable: boolean | string | undefined): string | undefined {
  if (unavailable === undefined || unavailable === false) return undefined;
  return typeof unavailable === "string" && unavailable !== "" ? unavailable : UNAVAILABLE;
}
