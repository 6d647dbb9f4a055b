import type { PluginPackage } from "../../core/packages/plugin-package.ts";
import type { PackageChange, PackageRejection, PackageSource } from "../plugins/packages/package-source.ts";

type Listener = (changes: readonly PackageChange[]) => void;

/** The packages that the control plane released to this node and that were found loadable here: no others exist. */
export class ReleasedPackages implements PackageSource {
  readonly #byVersion = new Map<string, PluginPackage>();
  readonly #listeners = new Set<Listener>();

  /** A version is always named: without one there is none. */
  find(name: string, version?: string): PluginPackage | undefined {
    return version === undefined ? undefined : this.#byVersion.get(versionKey(name, version));
  }

  current(): readonly PluginPackage[] {
    return [...this.#byVersion.values()];
  }

  /** What is refused never comes so far: the control plane is told why. */
  rejections(): readonly PackageRejection[] {
    return [];
  }

  onChange(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  put(found: PluginPackage): void {
    const { name, version } = found.manifest;
    const key = versionKey(name, version);
    if (this.#byVersion.get(key)?.digest === found.digest) return;
    this.#byVersion.set(key, found);
    this.#tell({ kind: "available", name, package: found });
  }

  /** Nobody is to be given it any more; what was made of it goes on. */
  remove({ manifest: { name, version }, digest }: PluginPackage): void {
    const key = versionKey(name, version);
    if (this.#byVersion.get(key)?.digest === digest) this.#byVersion.delete(key);
  }

  #tell(change: PackageChange): void {
    for (const listener of this.#listeners) listener([change]);
  }
}

/** What a version of a plugin is called. */
export function versionKey(plugin: string, version: string): string {
  return `${plugin}@${version}`;
}
