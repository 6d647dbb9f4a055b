import type { Address } from "../../core/address.ts";
import type { Problem } from "../../core/errors.ts";
import type { ChainEntry, ChainSpec } from "../chain/entry.ts";
import type { GenerationRegistry } from "../plugins/generation-registry.ts";
import type { PackageSource } from "../plugins/packages/package-source.ts";
import type { ApplyResult, PluginLoad, SnapshotHashes } from "./apply-result.ts";
import { loadEntries } from "./load-entries.ts";
import { resolveEntry, type Resolution } from "./resolve-entry.ts";
import { fingerprintOf, hashesOf } from "./snapshot-hashes.ts";
import type { MeshSnapshot } from "./snapshot.ts";

/** Where an applied snapshot takes effect, and what it is made of. */
export interface ApplyTargets {
  readonly packages: PackageSource;
  readonly registry: GenerationRegistry;
  /** Gets each new chain; `CurrentChain` in the sidecar. */
  readonly chain: { swap(spec: ChainSpec): void };
  /** Gets each new table of services, by name in lower case. */
  readonly services: (table: ReadonlyMap<string, readonly Address[]>) => void;
  /** What `fromEnv` reads. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What is in force. */
export interface AppliedSnapshot {
  readonly snapshot: MeshSnapshot;
  readonly hashes: SnapshotHashes;
  readonly loads: readonly PluginLoad[];
}

/** Kept apart from what may be shown. */
interface InForce {
  readonly applied: AppliedSnapshot;
  readonly fingerprint: string;
  readonly entries: ReadonlyMap<string, ChainEntry>;
}

/**
 * `snapshot`: somebody wants this configuration, and what is wrong with it refuses it whole. `packages`: it is in
 * force, and something that it is made of has changed: each plugin that does not fit any more keeps what it has.
 */
export type ApplyTrigger = "snapshot" | "packages";

/**
 * Applies snapshots in two phases: everything new is built, checked and warmed beside what serves, then the chain is
 * swapped as one pointer. Not to be called again before it has resolved; `ApplyQueue` sees to that.
 */
export class SnapshotApplier {
  readonly #targets: ApplyTargets;
  #inForce: InForce | undefined;

  constructor(targets: ApplyTargets) {
    this.#targets = targets;
  }

  get inForce(): AppliedSnapshot | undefined {
    return this.#inForce?.applied;
  }

  /** Never rejects. */
  async apply(snapshot: MeshSnapshot, trigger: ApplyTrigger): Promise<ApplyResult> {
    const { packages, registry, environment } = this.#targets;
    const { where, directory, chain } = snapshot;
    const hashes = hashesOf(snapshot);
    const context = { where, directory, environment, packages };
    const resolutions = await Promise.all(chain.map((entry, index) => resolveEntry(entry, index, context)));
    const problems = trigger === "snapshot" ? this.#refusing(snapshot, resolutions) : [];
    if (problems.length > 0) return { kind: "rejected", hashes, problems };

    const fingerprint = fingerprintOf(snapshot, resolutions);
    const before = this.#inForce;
    if (before?.fingerprint === fingerprint && before.applied.loads.every(isAsConfigured)) {
      this.#inForce = { ...before, applied: { ...before.applied, snapshot, hashes } };
      return { kind: "unchanged", hashes };
    }
    const loaded = await loadEntries(chain, resolutions, registry, before?.entries ?? new Map());
    const entries = loaded.map(({ entry }) => entry);
    this.#targets.chain.swap({
      entries,
      deadlines: [snapshot.deadlines.request, snapshot.deadlines.response],
    });
    this.#targets.services(new Map(Object.entries(snapshot.services)));
    this.#inForce = {
      applied: { snapshot, hashes, loads: loaded.map(({ load }) => load) },
      fingerprint,
      entries: new Map(entries.map((entry) => [entry.plugin, entry])),
    };
    return { kind: "applied", hashes };
  }

  /**
   * What makes a snapshot unfit. A package that is missing does so only where something else would go on: when the
   * sidecar starts, the policy of the plugin answers until its package comes.
   */
  #refusing({ chain }: MeshSnapshot, resolutions: readonly Resolution[]): Problem[] {
    return resolutions.flatMap((resolution, index) => {
      if (resolution.kind === "refused") return resolution.problems;
      if (resolution.kind !== "missing" || this.#inForce === undefined) return [];
      const serving = this.#inForce.entries.get(chain[index]?.plugin ?? "");
      return serving?.load.kind === "loaded" ? [] : resolution.problems;
    });
  }
}

function isAsConfigured({ state }: PluginLoad): boolean {
  return state === "serving" || state === "off";
}
