import type { DocumentEntry } from "../../core/chain-document/chain-document.ts";
import { partKey, type PluginLoad } from "../config/apply-result.ts";
import type { MeshSnapshot } from "../config/snapshot.ts";
import type { PluginPackage } from "../../core/packages/plugin-package.ts";
import type { PackageList } from "./delivered-packages.ts";

/** One snapshot with the packages that it is made from, and the plugins that must not take it. */
export interface ConfigStep {
  readonly snapshot: MeshSnapshot;
  readonly packages: PackageList;
  readonly withheld: ReadonlyMap<string, string>;
}

/** What the generation of a plugin that serves was made from. */
interface Origin {
  readonly entry: DocumentEntry;
  readonly package: PluginPackage;
}

/**
 * What all workers run, kept so that a new one can be made the same. A plugin whose newest version failed goes on in
 * an earlier one: so of each plugin that serves it is remembered what it was made from.
 */
export class InForce {
  readonly snapshot: MeshSnapshot;
  readonly #packages: PackageList;
  readonly #origins: ReadonlyMap<string, Origin>;
  /** By `partKey`: plugins that kept an earlier generation, and gray versions that failed somewhere, and why. */
  readonly #withheld: ReadonlyMap<string, string>;

  private constructor(
    { snapshot, packages }: Pick<ConfigStep, "snapshot" | "packages">,
    origins: ReadonlyMap<string, Origin>,
    withheld: ReadonlyMap<string, string>,
  ) {
    this.snapshot = snapshot;
    this.#packages = packages;
    this.#origins = origins;
    this.#withheld = withheld;
  }

  /** What is in force once `step` was committed with this result. */
  static after(before: InForce | undefined, step: ConfigStep, loads: readonly PluginLoad[]): InForce {
    const earlier = before === undefined ? new Map<string, Origin>() : before.#origins;
    const origins = new Map<string, Origin>();
    const withheld = new Map<string, string>();
    for (const load of loads) {
      const detail = load.detail ?? "it could not be loaded";
      if (load.part === "gray") {
        if (load.state === "failed") withheld.set(partKey(load.plugin, load.part), detail);
        continue;
      }
      const origin = load.state === "serving" ? originOf(step, load) : undefined;
      const known = origin ?? (load.state === "kept" ? earlier.get(load.plugin) : undefined);
      if (known !== undefined) origins.set(load.plugin, known);
      if (load.state === "kept") withheld.set(load.plugin, detail);
    }
    return new InForce(step, origins, withheld);
  }

  /** What brings a new worker here, in order. */
  get steps(): readonly ConfigStep[] {
    const now = { snapshot: this.snapshot, packages: this.#packages, withheld: this.#withheld };
    const kept = new Map([...this.#origins].filter(([plugin]) => this.#withheld.has(plugin)));
    return kept.size === 0 ? [now] : [this.#foundation(kept), now];
  }

  /** The same snapshot, but with the entries and packages that kept generations were made from. */
  #foundation(kept: ReadonlyMap<string, Origin>): ConfigStep {
    const chain = this.snapshot.chain.map((entry) => ({
      ...(kept.get(entry.plugin)?.entry ?? entry),
      gray: undefined,
    }));
    const others = this.#packages.packages.filter(({ manifest }) => !kept.has(manifest.name));
    const packages = [...others, ...Array.from(kept.values(), (origin) => origin.package)];
    return {
      snapshot: { ...this.snapshot, chain },
      packages: { packages, rejections: [] },
      withheld: new Map(),
    };
  }
}

function originOf({ snapshot, packages }: ConfigStep, { plugin, digest }: PluginLoad): Origin | undefined {
  const entry = snapshot.chain.find((each) => each.plugin === plugin);
  const found = packages.packages.find((each) => each.manifest.name === plugin && each.digest === digest);
  return entry === undefined || found === undefined ? undefined : { entry, package: found };
}
