import type { PluginManifest } from "./manifest.ts";

/** A package that was read, unpacked and found valid. Immutable; `digest` is its identity. */
export interface PluginPackage {
  readonly manifest: PluginManifest;
  /** sha256, hex: of the zip, or for a folder of its files in a canonical order. */
  readonly digest: string;
  /** Absolute; the unpacked folder that holds plugin.yaml. */
  readonly directory: string;
  /** The bundled script of an `isolate` plugin, else undefined. */
  readonly source: string | undefined;
  /** JSON schema of the config from config.schema.json, parsed. */
  readonly configSchema: unknown;
}
