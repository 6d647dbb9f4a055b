import type { Address } from "../../core/address.ts";
import type { Problem } from "../../core/errors.ts";
import type { ChainEntry, ChainSpec } from "../chain/entry.ts";
import type { GenerationRegistry, GenerationSpec } from "../plugins/generation-registry.ts";
import type { PackageSource } from "../plugins/packages/package-source.ts";
import { partKey, type ApplyResult, type PluginLoad, type SnapshotHashes } from "./apply-result.ts";
import { chainEntries, type LoadedChainEntry } from "./load-entries.ts";
import { resolveEntry, type EntryResolution, type Resolution } from "./resolve-entry.ts";
import { unreleasable } from "./release-rule.ts";
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
 * `snapshot`: somebody wants this configuration, and what is wrong with it refuses it whole. `release`: the same, and
 * once something is in force, a version that is new in it and cannot be loaded refuses it too. `packages`: it is in
 * force, and something that it is made of has changed: each plugin that does not fit any more keeps what it has.
 */
export const APPLY_TRIGGERS = ["snapshot", "release", "packages"] as const;
export type ApplyTrigger = (typeof APPLY_TRIGGERS)[number];

/** Makes configurations take effect: here, or in every worker at once. */
export interface Applier {
  readonly inForce: AppliedSnapshot | undefined;
  /** Never rejects. Not to be called again before it has resolved; `Configuration` sees to that. */
  apply(snapshot: MeshSnapshot, trigger: ApplyTrigger): Promise<ApplyResult>;
}

/** By `partKey`, for people: why a version must not be taken as it was configured. */
export type Withheld = ReadonlyMap<string, string>;

/** Everything that a snapshot needs was built, checked and warmed beside what serves; nothing has changed yet. */
export interface PreparedSnapshot {
  readonly kind: "prepared";
  readonly hashes: SnapshotHashes;
  /** What could not be loaded as configured: it would keep what it has, or its policy would answer. */
  readonly shortfalls: Withheld;
  /**
   * Swaps, at once and for good. What is withheld is treated as if it could not have been loaded here: so one plugin
   * changes in all processes or in none. To be called within 30 s, and before the next `prepare`.
   */
  commit(withheld?: Withheld): ApplyResult;
}

export type Preparation = PreparedSnapshot | Extract<ApplyResult, { readonly kind: "rejected" }>;

const NOTHING_WITHHELD: Withheld = new Map();

/** Applies snapshots in two phases, of which the second swaps the chain as one pointer. */
export class SnapshotApplier implements Applier {
  readonly #targets: ApplyTargets;
  #inForce: InForce | undefined;

  constructor(targets: ApplyTargets) {
    this.#targets = targets;
  }

  get inForce(): AppliedSnapshot | undefined {
    return this.#inForce?.applied;
  }

  async apply(snapshot: MeshSnapshot, trigger: ApplyTrigger): Promise<ApplyResult> {
    const prepared = await this.prepare(snapshot, trigger);
    if (prepared.kind === "rejected") return prepared;
    const problems = trigger === "release" ? unreleasable(snapshot, prepared.shortfalls, this.inForce) : [];
    return problems.length > 0 ? { kind: "rejected", hashes: prepared.hashes, problems } : prepared.commit();
  }

  /** The first phase. Never rejects; what is not committed is forgotten after a while. */
  async prepare(snapshot: MeshSnapshot, trigger: ApplyTrigger): Promise<Preparation> {
    const { packages, registry, environment } = this.#targets;
    const { where, directory, chain } = snapshot;
    const hashes = hashesOf(snapshot);
    const context = { where, directory, environment, packages };
    const resolutions = await Promise.all(chain.map((entry, index) => resolveEntry(entry, index, context)));
    const problems = trigger === "packages" ? [] : this.#refusing(snapshot, resolutions);
    if (problems.length > 0) return { kind: "rejected", hashes, problems };

    const fingerprint = fingerprintOf(snapshot, resolutions);
    if (this.#isInForce(fingerprint)) {
      const commit = (): ApplyResult => this.#rename(snapshot, hashes);
      return { kind: "prepared", hashes, shortfalls: NOTHING_WITHHELD, commit };
    }
    const prepared = await registry.prepare(specsOf(resolutions));
    const before = this.#inForce?.entries ?? new Map<string, ChainEntry>();
    const entriesWithout = (withheld: Withheld): readonly LoadedChainEntry[] =>
      chainEntries(chain, { resolutions, prepared, before, withheld });
    const commit = (withheld = NOTHING_WITHHELD): ApplyResult =>
      this.#swap(snapshot, hashes, fingerprint, entriesWithout(withheld));
    return { kind: "prepared", hashes, shortfalls: shortfallsOf(entriesWithout(NOTHING_WITHHELD)), commit };
  }

  #isInForce(fingerprint: string): boolean {
    return this.#inForce?.fingerprint === fingerprint && this.#inForce.applied.loads.every(isAsConfigured);
  }

  /** What is in force came once more; only what it is called may differ. */
  #rename(snapshot: MeshSnapshot, hashes: SnapshotHashes): ApplyResult {
    const before = this.#inForce;
    if (before !== undefined) this.#inForce = { ...before, applied: { ...before.applied, snapshot, hashes } };
    return { kind: "unchanged", hashes };
  }

  #swap(
    snapshot: MeshSnapshot,
    hashes: SnapshotHashes,
    fingerprint: string,
    loaded: readonly LoadedChainEntry[],
  ): ApplyResult {
    const entries = loaded.map(({ entry }) => entry);
    this.#targets.chain.swap({
      entries,
      deadlines: [snapshot.deadlines.request, snapshot.deadlines.response],
    });
    this.#targets.services(new Map(Object.entries(snapshot.services)));
    this.#inForce = {
      applied: { snapshot, hashes, loads: loaded.flatMap(({ loads }) => loads) },
      fingerprint,
      entries: new Map(entries.map((entry) => [entry.plugin, entry])),
    };
    return { kind: "applied", hashes };
  }

  /**
   * What makes a snapshot unfit. A package that is missing does so only where something else would go on: when the
   * sidecar starts, the policy of the plugin answers until its package comes.
   */
  #refusing({ chain }: MeshSnapshot, resolutions: readonly EntryResolution[]): Problem[] {
    const refusing = (resolution: Resolution | undefined, serves: boolean): readonly Problem[] => {
      if (resolution?.kind === "refused") return resolution.problems;
      const missing = resolution?.kind === "missing" && this.#inForce !== undefined && !serves;
      return missing ? resolution.problems : [];
    };
    const problems = resolutions.flatMap(({ base, gray }, index) => {
      const before = this.#inForce?.entries.get(chain[index]?.plugin ?? "");
      return [
        ...refusing(base, before?.load.kind === "loaded"),
        ...refusing(gray, before?.gray !== undefined),
      ];
    });
    // Both versions of an entry find the same fault in what they share.
    return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
  }
}

function isAsConfigured({ state }: PluginLoad): boolean {
  return state === "serving" || state === "off";
}

function specsOf(resolutions: readonly EntryResolution[]): readonly GenerationSpec[] {
  return resolutions
    .flatMap(({ base, gray }) => (gray === undefined ? [base] : [base, gray]))
    .flatMap((resolution) => (resolution.kind === "ready" ? [resolution.spec] : []));
}

function shortfallsOf(loaded: readonly LoadedChainEntry[]): Withheld {
  return new Map(
    loaded
      .flatMap(({ loads }) => loads)
      .flatMap(({ plugin, part, detail }) => (detail === undefined ? [] : [[partKey(plugin, part), detail]])),
  );
}
