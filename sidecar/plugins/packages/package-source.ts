import type { Problem } from "../../../core/errors.ts";
import type { PluginPackage } from "../../../core/packages/plugin-package.ts";

/** Where packages come from: a watched folder, or the cache of what a control plane released. */
export interface PackageSource {
  /** The package of this name and version; without a version the highest one (by semver, pre-releases included). */
  find(name: string, version?: string): PluginPackage | undefined;
  /** Every package that can be had, one for each name and version. */
  current(): readonly PluginPackage[];
  /** What is refused now, and why; what was good before it is still in `current`. */
  rejections(): readonly PackageRejection[];
  /** Called after each change, with all that changed at once. Dispose of the result to hear no more. */
  onChange(listener: (changes: readonly PackageChange[]) => void): Disposable;
}

export interface PackageRejection {
  /** The plugin's name, or that of its file where the manifest cannot be read. */
  readonly name: string;
  /** The file or folder. */
  readonly path: string;
  /** As `namedOf` says them. */
  readonly problems: readonly Problem[];
}

export type PackageChange =
  /** New, or other bytes than before: the digest tells. */
  | { readonly kind: "available"; readonly name: string; readonly package: PluginPackage }
  | { readonly kind: "rejected"; readonly name: string; readonly rejection: PackageRejection }
  | { readonly kind: "removed"; readonly name: string; readonly package: PluginPackage };
