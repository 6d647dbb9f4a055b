import { compareBuild } from "semver";

import type { PluginPackage } from "../../../core/packages/plugin-package.ts";

interface Listed {
  readonly package: PluginPackage;
  /** Grows with each package that was read. */
  readonly order: number;
}

/** Packages by where they lie. Where two have one name and version, the one that was read last is used. */
export class PackageCatalog {
  readonly #byPath = new Map<string, Listed>();
  #reads = 0;

  set(path: string, found: PluginPackage): void {
    this.#byPath.set(path, { package: found, order: ++this.#reads });
  }

  get(path: string): PluginPackage | undefined {
    return this.#byPath.get(path)?.package;
  }

  delete(path: string): void {
    this.#byPath.delete(path);
  }

  /** The highest version unless one is named. */
  find(name: string, version?: string): PluginPackage | undefined {
    return this.current()
      .filter(({ manifest }) => manifest.name === name)
      .filter(({ manifest }) => version === undefined || manifest.version === version)
      .sort((a, b) => compareBuild(b.manifest.version, a.manifest.version))[0];
  }

  /** One for each name and version. */
  current(): readonly PluginPackage[] {
    const latest = new Map<string, Listed>();
    for (const listed of this.#byPath.values()) {
      const { name, version } = listed.package.manifest;
      const key = `${name}@${version}`;
      if (listed.order > (latest.get(key)?.order ?? 0)) latest.set(key, listed);
    }
    return [...latest.values()].map((listed) => listed.package);
  }
}
