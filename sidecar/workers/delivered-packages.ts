import { PackageCatalog } from "../plugins/packages/package-catalog.ts";
import type { PackageRejection, PackageSource } from "../plugins/packages/package-source.ts";
import type { PluginPackage } from "../../core/packages/plugin-package.ts";

/** The packages of one moment, as the supervisor saw them. */
export interface PackageList {
  readonly packages: readonly PluginPackage[];
  readonly rejections: readonly PackageRejection[];
}

/** What there is, for a snapshot that names these plugins; of others the sources are left out. */
export function packageList(source: PackageSource, plugins: ReadonlySet<string>): PackageList {
  const packages = source
    .current()
    .map((each) => (plugins.has(each.manifest.name) ? each : { ...each, source: undefined }));
  return { packages, rejections: source.rejections() };
}

/** Packages as the supervisor delivers them with each snapshot: whoever has the same list makes the same of it. */
export class DeliveredPackages implements PackageSource {
  #catalog = new PackageCatalog();
  #rejections: readonly PackageRejection[] = [];

  deliver({ packages, rejections }: PackageList): void {
    this.#catalog = new PackageCatalog();
    for (const each of packages) this.#catalog.set(`${each.manifest.name}@${each.manifest.version}`, each);
    this.#rejections = rejections;
  }

  find(name: string, version?: string): PluginPackage | undefined {
    return this.#catalog.find(name, version);
  }

  current(): readonly PluginPackage[] {
    return this.#catalog.current();
  }

  rejections(): readonly PackageRejection[] {
    return this.#rejections;
  }

  /** Nobody is told: the word to look again comes with the list. */
  onChange(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }
}
