import type { PluginManifest } from "../../core/packages/manifest.ts";

/** The manifest of an isolate plugin at the request position with policy `closed`, unless a test says otherwise. */
export function isolateManifest(name: string, changes: Partial<PluginManifest> = {}): PluginManifest {
  return {
    name,
    version: "1.0.0",
    runtime: "isolate",
    entry: "bin/plugin.js",
    address: undefined,
    positions: ["request"],
    failurePolicy: "closed",
    timeout: 50,
    cpu: 10,
    memory: 32 * 1024 ** 2,
    permissions: { fetch: [], kv: false },
    platforms: [],
    ...changes,
  };
}
