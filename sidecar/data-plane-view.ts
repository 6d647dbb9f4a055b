import type { EntryStatus } from "./chain/entry-status.ts";
import type { NodeView, RunningVersion } from "./control/node-view.ts";
import type { DataPlane } from "./data-plane.ts";

/** What one process does, for reports to a control plane. */
export function dataPlaneView({ chain, applier, plugins, telemetry }: DataPlane): NodeView {
  const details = new Map<string, string>();
  for (const { plugin, version, detail } of applier.inForce?.loads ?? [])
    if (detail !== undefined) details.set(`${plugin}@${version ?? ""}`, detail);
  for (const { plugin, version, detail } of plugins.registry.status)
    if (detail !== undefined) details.set(`${plugin}@${version}`, detail);
  const running = chain.status
    .filter(({ mode }) => mode !== "off")
    .flatMap(versionsOf)
    .map((each) => ({
      ...each,
      detail: each.obstacle === undefined ? undefined : details.get(`${each.plugin}@${each.version}`),
    }));
  return { running, ...telemetry.traffic };
}

/** The views of several processes as one: where a version cannot answer in one of them, there is something to say. */
export function joinedViews(views: readonly NodeView[]): NodeView {
  const running = new Map<string, RunningVersion>();
  for (const version of views.flatMap((view) => view.running)) {
    const key = `${version.plugin}@${version.version}`;
    const known = running.get(key);
    if (known === undefined || (known.obstacle === undefined && version.obstacle !== undefined))
      running.set(key, version);
  }
  const sum = (count: "inFlight" | "exchanges"): number => views.reduce((all, view) => all + view[count], 0);
  return { running: [...running.values()], inFlight: sum("inFlight"), exchanges: sum("exchanges") };
}

function versionsOf({ plugin, version, digest, generation, obstacle, gray }: EntryStatus): RunningVersion[] {
  const base = { plugin, version, digest: digest ?? "", generation: generation ?? 0, obstacle };
  const both = gray === undefined ? [base] : [base, { plugin, ...grayPart(gray) }];
  // Of an entry that has no version there is nothing to name.
  return both.filter((each) => each.version !== "").map((each) => ({ ...each, detail: undefined }));
}

function grayPart({
  version,
  digest,
  generation,
  obstacle,
}: NonNullable<EntryStatus["gray"]>): Omit<RunningVersion, "plugin" | "detail"> {
  return { version, digest: digest ?? "", generation: generation ?? 0, obstacle };
}
