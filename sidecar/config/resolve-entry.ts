import type { DocumentEntry } from "../../core/chain-document/chain-document.ts";
import type { Problem } from "../../core/errors.ts";
import { suggestion } from "../../core/nearest.ts";
import type { FailurePolicy, Position } from "../chain/verdict.ts";
import { POSITION_NAMES } from "../chain/verdict.ts";
import type { GenerationSpec } from "../plugins/generation-registry.ts";
import { checkConfigApart } from "../../core/packages/schema-thread.ts";
import type { PackageSource } from "../plugins/packages/package-source.ts";
import type { PluginPackage } from "../../core/packages/plugin-package.ts";
import { resolveSecrets, type SecretContext } from "./secrets.ts";

/** What an entry came to when package, config schema and secrets were looked at; nothing is loaded yet. */
export type Resolution =
  | { readonly kind: "off" }
  | ReadyEntry
  /** There is no such package. */
  | { readonly kind: "missing"; readonly problems: readonly Problem[] }
  /** Whoever configured it knows that there is none: its policy answers. */
  | { readonly kind: "unavailable"; readonly problems: readonly Problem[] }
  /** The package is there, but the entry does not fit it. */
  | { readonly kind: "refused"; readonly problems: readonly Problem[] };

/** What became of both versions of an entry. */
export interface EntryResolution {
  readonly base: Resolution;
  /** Undefined: it names no gray version. */
  readonly gray: Resolution | undefined;
}

export interface ReadyEntry {
  readonly kind: "ready";
  readonly spec: GenerationSpec;
  readonly failurePolicy: FailurePolicy;
  readonly timeout: number;
  readonly positions: readonly Position[];
}

export interface ResolveContext extends SecretContext {
  readonly packages: PackageSource;
}

/** Resolves one entry; `index` is its place in the chain. Never rejects. */
export async function resolveEntry(
  entry: DocumentEntry,
  index: number,
  context: ResolveContext,
): Promise<EntryResolution> {
  const key = `chain[${index}]`;
  const [base, gray] = await Promise.all([
    resolveVersion(entry, entry.version, { ...context, key, part: key }),
    entry.gray && resolveVersion(entry, entry.gray.version, { ...context, key, part: `${key}.gray` }),
  ]);
  return { base, gray };
}

interface VersionContext extends ResolveContext {
  /** The entry's, and that of what names the version. */
  readonly key: string;
  readonly part: string;
}

async function resolveVersion(
  entry: DocumentEntry,
  version: string | undefined,
  context: VersionContext,
): Promise<Resolution> {
  if (entry.mode === "off") return { kind: "off" };
  if (entry.unavailable !== undefined) {
    const problem = { where: context.where, key: `${context.key}.unavailable`, message: entry.unavailable };
    return { kind: "unavailable", problems: [problem] };
  }
  const found = context.packages.find(entry.plugin, version);
  if (found === undefined) return { kind: "missing", problems: [missing(entry.plugin, version, context)] };
  const key = `${context.key}.config`;
  const secrets = await resolveSecrets(entry.config, key, context);
  if (secrets.problems.length > 0) return { kind: "refused", problems: secrets.problems };
  const check = await checkConfigApart(found.configSchema, secrets.value, context.where, key);
  if (check.kind === "invalid") return { kind: "refused", problems: check.problems };
  return readyEntry(entry, found, check.config, secrets.secrets);
}

function readyEntry(
  entry: DocumentEntry,
  found: PluginPackage,
  config: unknown,
  secrets: readonly string[],
): ReadyEntry {
  const { manifest } = found;
  const timeout = entry.timeout ?? manifest.timeout;
  const cpu = entry.cpu ?? manifest.cpu;
  const memory = entry.memory ?? manifest.memory;
  return {
    kind: "ready",
    spec: { package: found, config, secrets, tag: entry.tag, timeout, cpu, memory },
    failurePolicy: entry.failurePolicy ?? manifest.failurePolicy,
    timeout,
    positions: manifest.positions.map((name) => (name === POSITION_NAMES[0] ? 0 : 1)),
  };
}

function missing(
  plugin: string,
  version: string | undefined,
  { where, packages, key, part }: VersionContext,
): Problem {
  const ofName = packages.current().filter(({ manifest }) => manifest.name === plugin);
  const refusal = packages.rejections().find(({ name }) => name === plugin);
  if (refusal !== undefined) {
    const reason = refusal.problems[0]?.message ?? "it was refused";
    return { where, key: `${key}.plugin`, message: `${refusal.path} is refused: ${reason}` };
  }
  if (version !== undefined && ofName.length > 0) {
    const versions = ofName.map(({ manifest }) => manifest.version).join(", ");
    const message = `there is no ${plugin} ${version} among the packages, only ${versions}`;
    return { where, key: `${part}.version`, message };
  }
  const names = new Set(packages.current().map(({ manifest }) => manifest.name));
  const message = `there is no ${plugin} among the packages${suggestion(plugin, names)}`;
  return { where, key: `${key}.plugin`, message };
}
