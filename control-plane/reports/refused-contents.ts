import { RESOURCE_TYPES, type NodeReport, type ResourceType } from "../model/node.ts";

/** What a node should have and does not take as it is. */
export interface RefusedContent {
  readonly type: ResourceType;
  /** Of the resource; undefined: it was not sent since anything is known of the node. */
  readonly hash: string | undefined;
  /** Of a stage the package that it cannot load with its config, of a chain the entry; undefined: the resource as a whole. */
  readonly version: { readonly plugin: string; readonly version: string } | undefined;
  /** Wall clock, ms; undefined: not known any more. */
  readonly at: number | undefined;
  readonly problems: readonly string[];
}

/** All of it, the resources first. */
export function refusedContents({ resources, packages, failures }: NodeReport): readonly RefusedContent[] {
  const whole = RESOURCE_TYPES.flatMap((type): readonly RefusedContent[] => {
    const { nacked } = resources[type];
    if (nacked === undefined) return [];
    const { hash, at, problems, entries } = nacked;
    if (entries === undefined) return [{ type, hash, version: undefined, at, problems }];
    return entries.map(({ plugin, version, problem }) => {
      return { type, hash, version: { plugin, version }, at, problems: [problem] };
    });
  });
  const { sent, acked } = resources.stage;
  const parts = packages
    .filter(({ state }) => state === "INVALID")
    .map((item): RefusedContent => {
      const { plugin, version, detail } = item;
      const isIts = (each: NodeReport["failures"][number]): boolean =>
        each.during === "download" && each.plugin === plugin && each.version === version;
      const at = failures.findLast(isIts)?.at;
      const hash = (sent ?? acked)?.hash;
      const problems = [detail === "" ? "the package cannot be loaded on this node" : detail];
      return { type: "stage", hash, version: { plugin, version }, at, problems };
    });
  return [...whole, ...parts];
}
