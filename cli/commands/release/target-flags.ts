import type { Command } from "commander";
import type { z } from "zod";

import type * as resource from "../../../control-plane/api/contract/resources.ts";
import { nameOf } from "../../kind-and-name.ts";
import { usageError } from "../../usage-error.ts";

type ReleaseTarget = z.infer<typeof resource.releaseTarget>;

/** Where a release goes; exactly one is given. */
export interface TargetFlags {
  readonly full?: boolean;
  readonly gray?: string;
  readonly nodes?: string;
  readonly selector?: string;
  readonly traffic?: string;
}

const NAMES = ["full", "gray", "nodes", "selector", "traffic"] as const;

export function addTargetFlags(command: Command): Command {
  return command
    .option("--full", "every node of the cluster")
    .option("--gray <percentage>", "a part of the nodes, e.g. 50%")
    .option("--nodes <nodes>", "these nodes, e.g. a,b")
    .option("--selector <labels>", "nodes with these labels, e.g. zone=a,tier=edge")
    .option(
      "--traffic <percentage>",
      "a part of the clients on every node, by the address or the bucketBy of the chain's entry, e.g. 10%",
    );
}

/** Undefined where none is given; a usage error where it cannot be, or there are several. */
export function targetOf(flags: TargetFlags): ReleaseTarget | undefined {
  const given = NAMES.filter((name) => flags[name] !== undefined);
  if (given.length > 1) throw usageError(`--${given.join(" and --")} exclude each other`);
  if (flags.gray !== undefined) return { kind: "percentage", percentage: percentageOf("gray", flags.gray) };
  if (flags.traffic !== undefined)
    return { kind: "traffic", percentage: percentageOf("traffic", flags.traffic) };
  if (flags.nodes !== undefined) return { kind: "nodes", nodes: namesOf(flags.nodes) };
  if (flags.selector !== undefined) return { kind: "selector", labels: labelsOf(flags.selector) };
  return flags.full === true ? { kind: "full" } : undefined;
}

export function requiredTarget(flags: TargetFlags): ReleaseTarget {
  const target = targetOf(flags);
  if (target !== undefined) return target;
  throw usageError("where to? Say --full, --gray 50%, --nodes a,b, --selector zone=a or --traffic 10%");
}

function percentageOf(flag: string, text: string): number {
  const found = /^(\d{1,3}(?:\.\d{1,2})?)%?$/.exec(text);
  const value = Number(found?.[1] ?? Number.NaN);
  if (value > 0 && value <= 100) return value;
  throw usageError(
    `--${flag}: expected more than 0% and at most 100%, with two decimals at most, not ${text}`,
  );
}

/** Of nodes: `a,b`, or `node/a,node/b`. */
export function namesOf(text: string): string[] {
  const names = text.split(",").map((each) => nameOf("node")(each.trim()));
  if (names.every((each) => each !== "")) return names;
  throw usageError(`--nodes: expected names separated by commas, not ${JSON.stringify(text)}`);
}

function labelsOf(text: string): Record<string, string> {
  const pairs = text.split(",").map((each): readonly [string, string] => {
    const [label = "", value, ...rest] = each.split("=");
    if (label !== "" && value !== undefined && rest.length === 0) return [label.trim(), value.trim()];
    throw usageError(`--selector: expected label=value, not ${JSON.stringify(each)}`);
  });
  return Object.fromEntries(pairs);
}
