import { createHash } from "node:crypto";

import type { Generation } from "../../sidecar/chain/generation.ts";
import type { FailureCause } from "../../sidecar/chain/verdict.ts";
import type {
  GenerationRegistry,
  GenerationSpec,
  Prepared,
} from "../../sidecar/plugins/generation-registry.ts";
import type { PluginManifest } from "../../core/packages/manifest.ts";
import type {
  PackageChange,
  PackageRejection,
  PackageSource,
} from "../../sidecar/plugins/packages/package-source.ts";
import type { PluginPackage } from "../../core/packages/plugin-package.ts";
import { ScriptedGeneration } from "./scripted-runtime.ts";
import { isolateManifest } from "./isolate-manifest.ts";

export interface TestPackageOptions extends Partial<PluginManifest> {
  readonly configSchema?: unknown;
  /** Stands for the package's bytes: the digest comes of it. */
  readonly content?: string;
}

/** A package of an isolate plugin at the request position with policy `closed`, unless a test says otherwise. */
export function testPackage(name: string, options: TestPackageOptions = {}): PluginPackage {
  const { configSchema, content = "", ...manifest } = options;
  const { version = "1.0.0" } = manifest;
  return {
    manifest: isolateManifest(name, manifest),
    digest: createHash("sha256").update(`${name}@${version} ${content}`).digest("hex"),
    directory: `/packages/${name}-${version}`,
    source: content,
    configSchema,
  };
}

/** Packages that a test puts in and takes out. */
export class ScriptedPackages implements PackageSource {
  readonly #listeners = new Set<(changes: readonly PackageChange[]) => void>();
  readonly #rejections: PackageRejection[] = [];
  #packages: readonly PluginPackage[];

  constructor(...packages: readonly PluginPackage[]) {
    this.#packages = packages;
  }

  find(name: string, version?: string): PluginPackage | undefined {
    return this.#packages.find(
      ({ manifest }) => manifest.name === name && (version === undefined || manifest.version === version),
    );
  }

  current(): readonly PluginPackage[] {
    return this.#packages;
  }

  rejections(): readonly PackageRejection[] {
    return this.#rejections;
  }

  onChange(listener: (changes: readonly PackageChange[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Takes the place of the package of this name. */
  put(found: PluginPackage): void {
    const { name } = found.manifest;
    this.#packages = [...this.#packages.filter(({ manifest }) => manifest.name !== name), found];
    this.#tell({ kind: "available", name, package: found });
  }

  remove(name: string): void {
    const found = this.find(name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    this.#packages = this.#packages.filter((each) => each !== found);
    this.#tell({ kind: "removed", name, package: found });
  }

  reject(rejection: PackageRejection): void {
    this.#rejections.push(rejection);
    this.#tell({ kind: "rejected", name: rejection.name, rejection });
  }

  #tell(change: PackageChange): void {
    for (const listener of this.#listeners) listener([change]);
  }
}

/** A registry whose loads succeed, fail or wait as a test says; same spec, same generation. */
export class ScriptedRegistry implements GenerationRegistry {
  readonly prepared: (readonly GenerationSpec[])[] = [];
  /** Plugins, or versions (`guard@1.1.0`), whose new generations fail to load, and why. */
  readonly failing = new Map<string, FailureCause>();
  readonly #generations = new Map<string, Generation>();
  readonly #asked = Promise.withResolvers<void>();
  #gate: Promise<void> | undefined;

  /** Resolves when something is to be prepared for the first time. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  /** Loads wait until the result is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return () => {
      this.#gate = undefined;
      resolve();
    };
  }

  async prepare(specs: readonly GenerationSpec[]): Promise<ReadonlyMap<GenerationSpec, Prepared>> {
    this.prepared.push(specs);
    this.#asked.resolve();
    await this.#gate;
    return new Map(specs.map((spec) => [spec, this.#prepare(spec)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #prepare(spec: GenerationSpec): Prepared {
    const { name, positions } = spec.package.manifest;
    const identity = JSON.stringify([spec.package.digest, spec.config, spec.tag, spec.timeout, spec.cpu]);
    const known = this.#generations.get(identity);
    if (known !== undefined) return { kind: "ready", generation: known };
    const { version } = spec.package.manifest;
    const cause = this.failing.get(name) ?? this.failing.get(`${name}@${version}`);
    if (cause !== undefined) return { kind: "failed", cause, detail: "scripted failure" };
    const generation = new ScriptedGeneration(name, {
      positions: positions.map((position) => (position === "request" ? 0 : 1)),
      version,
      digest: spec.package.digest,
    });
    this.#generations.set(identity, generation);
    return { kind: "ready", generation };
  }
}
