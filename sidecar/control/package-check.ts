import { describeProblem, namedOf, type Problem } from "../../core/errors.ts";
import { checkConfigApart } from "../../core/packages/schema-thread.ts";
import type { PluginPackage } from "../../core/packages/plugin-package.ts";
import { resolveSecrets } from "../config/secrets.ts";
import type { GenerationSpec } from "../plugins/generation-registry.ts";
import { currentPlatform, runsOn } from "../plugins/process/platform.ts";
import type { ScratchOutcome } from "../plugins/isolate/scratch-hosts.ts";
import { InvalidPackage } from "./staged-package.ts";

export interface PackageCheckOptions {
  /** Compiles the script of an isolate plugin where it can do no harm. Never rejects. */
  readonly compile: (spec: GenerationSpec) => Promise<ScratchOutcome>;
  /** What `fromEnv` reads. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What `fromFile` is relative to. */
  readonly directory: string;
}

/**
 * Whether this node could load a package with this config: platform, config with its secrets, script. Throws an
 * `InvalidPackage` that says why not, and another error where it could not be found out.
 */
export async function checkPackage(
  found: PluginPackage,
  config: unknown,
  { compile, environment, directory }: PackageCheckOptions,
): Promise<void> {
  const { manifest } = found;
  if (!runsOn(manifest.platforms, currentPlatform()))
    throw new InvalidPackage(`is for ${manifest.platforms.join(", ")}; this is ${currentPlatform()}`);
  const { config: checked, secrets } = await checkedConfig(found, config, { environment, directory });
  if (manifest.runtime !== "isolate") return;
  const { timeout, cpu, memory } = manifest;
  const outcome = await compile({ package: found, config: checked, secrets, tag: "", timeout, cpu, memory });
  if (outcome.kind === "invalid") throw new InvalidPackage(outcome.detail);
  if (outcome.kind === "unsure") throw new Error(outcome.detail);
}

async function checkedConfig(
  { manifest, configSchema }: PluginPackage,
  config: unknown,
  sources: Pick<PackageCheckOptions, "environment" | "directory">,
): Promise<Pick<GenerationSpec, "config" | "secrets">> {
  // In no chain yet: there is nothing to check.
  if (config === undefined || config === null) return { config: {}, secrets: [] };
  const where = `${manifest.name} ${manifest.version}`;
  const secrets = await resolveSecrets(config, "config", { ...sources, where });
  if (secrets.problems.length > 0) throw invalid(secrets.problems);
  const check = await checkConfigApart(configSchema, secrets.value, where, "config");
  if (check.kind === "valid") return { config: check.config, secrets: secrets.secrets };
  throw invalid(check.problems);
}

function invalid(problems: readonly Problem[]): InvalidPackage {
  return new InvalidPackage(namedOf(problems).map(describeProblem).join("; "));
}
