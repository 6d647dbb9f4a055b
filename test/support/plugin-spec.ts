import { HeaderBlock } from "../../core/headers/header-block.ts";
import { NO_EDITS, type HeaderEdits } from "../../core/headers/header-edits.ts";
import type { AskResult, MeshMessage, SegmentCall } from "../../sidecar/chain/runner.ts";
import type { GenerationSpec } from "../../sidecar/plugins/generation-registry.ts";
import type { PluginManifest } from "../../core/packages/manifest.ts";
import { parseManifest } from "../../core/packages/manifest-schema.ts";
import type { PluginInstance } from "../../sidecar/plugins/plugin-runtime.ts";
import { manifestText } from "./plugin-packages.ts";

/** A spec of a plugin that is not an isolate, as the registry would hand it to its runtime. */
export function pluginSpec(
  changes: Readonly<Record<string, unknown>>,
  directory = "/nowhere",
): GenerationSpec {
  const manifest: PluginManifest = parseManifest("plugin.yaml", manifestText(changes));
  const { timeout, cpu, memory } = manifest;
  const digest = `${manifest.name}-${manifest.version}`;
  const found = { manifest, digest, directory, source: undefined, configSchema: undefined };
  return { package: found, config: undefined, secrets: [], tag: "", timeout, cpu, memory };
}

let lastId = 0;

/** One question of a chain; ids are never used twice. */
export interface Asking {
  readonly message?: Partial<MeshMessage>;
  readonly headers?: readonly string[];
  readonly edits?: HeaderEdits;
  readonly tag?: string;
  readonly timeout?: number;
  readonly deadline?: number;
  readonly background?: boolean;
}

export function segmentCall(asking: Asking = {}): SegmentCall {
  const { message, headers = ["Host", "a.example", "X-A", "1"], edits = NO_EDITS, tag = "" } = asking;
  return {
    message: {
      id: ++lastId,
      position: 0,
      bizStartAt: 1_000,
      method: "GET",
      host: "a.example",
      remoteIp: "10.0.0.1",
      path: "/echo",
      query: "q=1",
      status: 0,
      headers: HeaderBlock.fromFlat(headers),
      ...message,
    },
    edits,
    asks: [
      {
        target: { plugin: "tagger", version: "1.0.0", generation: 1 },
        tag,
        failurePolicy: "open",
        timeout: asking.timeout ?? 2_000,
      },
    ],
    deadline: asking.deadline ?? Infinity,
    background: asking.background ?? false,
  };
}

/** Asks a loaded plugin one question; resolves with its result. */
export async function ask(instance: PluginInstance, asking: Asking = {}): Promise<AskResult> {
  const { promise, resolve } = Promise.withResolvers<AskResult>();
  instance.runner.run(segmentCall(asking), ([result]) => {
    if (result !== undefined) resolve(result);
  });
  return promise;
}
