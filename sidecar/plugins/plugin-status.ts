import type { FailureCause } from "../chain/verdict.ts";
import type { GenerationSpec } from "./generation-registry.ts";
import type { ManagedGeneration } from "./managed-generation.ts";
import type { PluginRuntimeName } from "../../core/packages/manifest.ts";

export const PLUGIN_STATES = [
  "LOADING",
  "RUNNING",
  /** Loaded before, and cannot answer now, or could not be loaded. */
  "FAILED",
  "SUSPENDED",
  "QUARANTINED",
  /** An old generation that exchanges still use. */
  "DRAINING",
] as const;
export type PluginState = (typeof PLUGIN_STATES)[number];

/** One generation of a plugin, or one attempt to make one. */
export interface PluginStatus {
  readonly plugin: string;
  readonly version: string;
  readonly digest: string;
  readonly runtime: PluginRuntimeName;
  /** The number in this process; 0 where none was brought up. */
  readonly generation: number;
  readonly state: PluginState;
  /** Why it cannot answer, for people; undefined where it can. */
  readonly detail: string | undefined;
  /** Chains that hold it. */
  readonly references: number;
}

export function statusOfSpec(
  { package: { manifest, digest } }: GenerationSpec,
  state: PluginState,
  detail?: string,
): PluginStatus {
  const { name: plugin, version, runtime } = manifest;
  return { plugin, version, digest, runtime, generation: 0, state, detail, references: 0 };
}

export function statusOfGeneration(generation: ManagedGeneration): PluginStatus {
  const { fault, faultDetail: detail, references, inForce } = generation;
  const state = stateOf(fault, inForce || references === 0);
  return { ...statusOfSpec(generation.spec, state, detail), generation: generation.generation, references };
}

function stateOf(fault: FailureCause | undefined, current: boolean): PluginState {
  if (fault === "suspended") return "SUSPENDED";
  if (fault === "quarantined") return "QUARANTINED";
  if (fault !== undefined) return "FAILED";
  return current ? "RUNNING" : "DRAINING";
}
