import { InputError, type Problem } from "../../core/errors.ts";
import type { ClusterChain } from "../model/chain.ts";
import { holdsBase, holdsVersion, RELEASE_STATES } from "../model/release.ts";
import type { CheckedChange } from "../store/checked-change.ts";
import type { Change } from "../store/store.ts";
import { inlineSecrets } from "./inline-secrets.ts";

const HOLDING = RELEASE_STATES.filter(holdsVersion);

/**
 * Every config must fit each version of its plugin that is in force in the cluster or in an open release there, and
 * must hold no secret. Throws an `InputError` with all that is wrong.
 */
export async function checkConfigs(
  change: CheckedChange,
  chain: Omit<ClusterChain, "revision">,
): Promise<void> {
  const problems: Problem[] = [];
  for (const [index, { plugin, config }] of chain.entries.entries()) {
    const key = `entries[${index}].config`;
    const schemas = await schemasInUse(change, chain.cluster, plugin);
    problems.push(...inlineSecrets(config, [...schemas.values()], key));
    for (const [version, schema] of schemas)
      for (const problem of change.configProblems(schema, config, "chain", key))
        problems.push({ ...problem, message: `${problem.message} (${plugin} ${version})` });
  }
  if (problems.length > 0) throw new InputError(problems);
}

/** Schemas by version. */
async function schemasInUse(
  change: Change,
  cluster: string,
  plugin: string,
): Promise<ReadonlyMap<string, unknown>> {
  const { items } = await change.releases.list({ cluster, plugin, states: HOLDING }, { limit: 1_000 });
  const versions = items.flatMap(({ version, base, state }) =>
    base === undefined || !holdsBase(state) ? [version] : [version, base],
  );
  const schemas = new Map<string, unknown>();
  for (const version of new Set(versions)) {
    const found = await change.versions.get({ plugin, version });
    if (found?.configSchema !== undefined) schemas.set(version, found.configSchema);
  }
  return schemas;
}
