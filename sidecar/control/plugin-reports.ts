import type { PackageCache } from "../../core/packages/package-cache.ts";
import type { PluginReport } from "../../proto/gen/mesh/v1/PluginReport.ts";
import type { PluginState } from "../../proto/gen/mesh/v1/PluginState.ts";
import type { RunningVersion } from "./node-view.ts";
import type { StagedPackage } from "./staged-package.ts";
import { versionKey } from "./released-packages.ts";
import { CONTROL_PLANE, type WantedPackage } from "./resource.ts";

const MAX_ERROR_CHARS = 1_000;
const MAX_VERSION_CHARS = 32;

/** What there is to report of each plugin that is, or was, on this node. */
export class PluginReports {
  readonly #staged: () => readonly StagedPackage[];
  readonly #removed = new Map<string, PluginReport>();
  #aliens: readonly PluginReport[] = [];

  constructor(staged: () => readonly StagedPackage[]) {
    this.#staged = staged;
  }

  /** Finds what lies in the cache though nobody released it. It is never loaded. */
  async lookForAliens(cache: PackageCache, held: ReadonlySet<string>): Promise<void> {
    const strangers = (await cache.digests()).filter((digest) => !held.has(digest));
    const found = await Promise.all(
      strangers.map((digest) => cache.open(CONTROL_PLANE, digest).catch(() => undefined)),
    );
    this.#aliens = found.flatMap((each) =>
      each === undefined
        ? []
        : [report(each.manifest.name, each.manifest.version, each.digest, "ALIEN", "nobody released it")],
    );
  }

  removed({ plugin, version, digest }: WantedPackage): void {
    this.#removed.set(versionKey(plugin, version), report(plugin, version, digest, "REMOVED", ""));
  }

  /** The control plane knows that it is gone. */
  forget({ plugin = "", version = "" }: PluginReport): void {
    this.#removed.delete(versionKey(plugin, version));
  }

  /** `versions`: what the chain in force names. */
  all(versions: readonly RunningVersion[]): readonly PluginReport[] {
    const running = new Map(versions.map((each) => [versionKey(each.plugin, each.version), each]));
    const staged = this.#staged();
    const here = new Set(staged.map(({ wanted }) => versionKey(wanted.plugin, wanted.version)));
    return [
      ...staged.map((each) => stagedReport(each, running)),
      ...[...running].filter(([key]) => !here.has(key)).map(([, each]) => runningReport(each)),
      ...[...this.#removed].filter(([key]) => !here.has(key) && !running.has(key)).map(([, each]) => each),
      ...this.#aliens.filter(({ digest }) => !staged.some(({ wanted }) => wanted.digest === digest)),
    ];
  }
}

function stagedReport(
  { wanted, status }: StagedPackage,
  running: ReadonlyMap<string, RunningVersion>,
): PluginReport {
  const { plugin, version, digest } = wanted;
  const runs = running.get(versionKey(plugin, version));
  if (runs !== undefined) return runningReport({ ...runs, digest });
  if (status.state === "LOADABLE") return report(plugin, version, digest, "INSTALLED", "");
  if (status.state === "INVALID") return report(plugin, version, digest, "FAILED", status.detail);
  return report(plugin, version, digest, "UNKNOWN", status.state === "WAITING" ? status.detail : "");
}

function runningReport(running: RunningVersion): PluginReport {
  const { plugin, version, digest, generation, obstacle, detail } = running;
  const error = detail ?? obstacle ?? "";
  return report(plugin, version, digest, stateOf(obstacle), error, generation);
}

function stateOf(obstacle: string | undefined): PluginState {
  if (obstacle === undefined) return "RUNNING";
  return obstacle === "quarantined" ? "QUARANTINED" : "FAILED";
}

function report(
  plugin: string,
  version: string,
  digest: string,
  state: PluginState,
  error: string,
  generation = 0,
): PluginReport {
  return {
    plugin,
    version: version.slice(0, MAX_VERSION_CHARS),
    digest,
    state,
    error: error.slice(0, MAX_ERROR_CHARS),
    generation,
  };
}
