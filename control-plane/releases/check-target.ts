import type { Problem } from "../../core/errors.ts";
import { suggestion } from "../../core/nearest.ts";
import { OperationError } from "../model/operation-error.ts";
import type { ReleaseTarget } from "../model/release.ts";
import type { Change } from "../store/store.ts";

/** What a target is checked against. */
interface TargetOf {
  readonly cluster: string;
  readonly plugin: string;
  /** Version that runs in full; undefined: none does. */
  readonly base: string | undefined;
}

/** Throws `invalid_input` for a target that can fit nothing, or that the release could not serve. */
export async function checkTarget(target: ReleaseTarget, of: TargetOf, change: Change): Promise<void> {
  const problems = await problemsOf(target, of, change);
  if (problems.length === 0) return;
  const text = problems.map(({ key, message }) => `${key ?? "target"}: ${message}`).join("\n");
  throw new OperationError("invalid_input", text, { problems });
}

async function problemsOf(target: ReleaseTarget, of: TargetOf, change: Change): Promise<readonly Problem[]> {
  switch (target.kind) {
    case "full":
      return [];
    case "nodes":
      return nodeProblems(target.nodes, of.cluster, change);
    case "selector":
      return Object.keys(target.labels).length === 0 ? [problem("labels", "expected a label")] : [];
    case "percentage":
      return percentageProblems(target.percentage);
    case "traffic":
      return [...percentageProblems(target.percentage), ...baseProblems(of)];
  }
}

async function nodeProblems(
  nodes: readonly string[],
  cluster: string,
  change: Change,
): Promise<readonly Problem[]> {
  if (nodes.length === 0) return [problem("nodes", "expected a node")];
  const problems: Problem[] = [];
  for (const id of new Set(nodes)) {
    const node = await change.nodes.get(id);
    if (node?.cluster === cluster) continue;
    const where = node === undefined ? "" : ` (it is in ${node.cluster})`;
    const near = suggestion(id, await nodeIds(cluster, change));
    problems.push(problem("nodes", `${cluster} has no node ${JSON.stringify(id)}${where}${near}`));
    if (problems.length === 20) break;
  }
  return problems;
}

/** The first thousand are enough to find a name that is near. */
async function nodeIds(cluster: string, change: Change): Promise<readonly string[]> {
  const { items } = await change.nodes.list({ cluster }, { limit: 1_000 });
  return items.map(({ id }) => id);
}

function percentageProblems(percentage: number): readonly Problem[] {
  const hundredths = percentage * 100;
  const whole = Math.abs(hundredths - Math.round(hundredths)) < 1e-6;
  if (whole && percentage >= 0.01 && percentage <= 100) return [];
  return [problem("percentage", "expected 0.01 to 100 with at most two decimals")];
}

function baseProblems({ cluster, plugin, base }: TargetOf): readonly Problem[] {
  if (base !== undefined) return [];
  const message = `no version of ${plugin} runs in ${cluster} for the rest of the traffic: release one in full first, or this one to some nodes`;
  return [problem("kind", message)];
}

function problem(key: string, message: string): Problem {
  return { where: "release", key: `target.${key}`, message };
}
