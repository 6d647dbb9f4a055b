import { contentHash } from "../../core/content-hash.ts";
import type { FailurePolicy } from "../../core/failure-policy.ts";
import type { ClusterChain, ClusterChainEntry } from "../model/chain.ts";
import { entryContent } from "./contents.ts";
import { entryChoice, type EntryChoice, type OpenChoice, type RunChoice } from "./entry-choice.ts";
import type { KnownChains } from "./known-chains.ts";
import type { NodeHoldings } from "./node-holdings.ts";
import type { PluginTarget } from "./plugin-target.ts";

/** What the choices of one node go by. */
export interface NodeSide {
  readonly cluster: string;
  readonly chain: ClusterChain;
  readonly targets: ReadonlyMap<string, PluginTarget>;
  readonly holdings: NodeHoldings;
  /** Hash of the chain that it has in force. */
  readonly inForce: string | undefined;
  /** Of what was uploaded under a digest; undefined: nothing was. */
  readonly policyOf: (digest: string) => FailurePolicy | undefined;
}

/** Content hashes of entries that a node refused. */
export interface RefusedHashes {
  has(entry: string): boolean;
}

const NOTHING_REFUSED: RefusedHashes = { has: () => false };

/** One for each entry. `refused`: an entry that would be this is made of the next best. */
export function chainChoices(
  side: NodeSide,
  refused: RefusedHashes = NOTHING_REFUSED,
): readonly (EntryChoice | OpenChoice)[] {
  const { chain, targets, holdings } = side;
  return chain.entries.map((entry) => {
    const { plugin, mode } = entry;
    const target = targets.get(plugin);
    if (target === undefined) return { kind: "none" };
    if (mode === "off") return offChoice(target);
    const takes = (choice: RunChoice): boolean =>
      refused === NOTHING_REFUSED || !refused.has(hashOf(entry, choice));
    return entryChoice(target, { plugin, holdings, takes, policy: () => policyOf(target, side) });
  });
}

/**
 * What `choices` are once each that is open is as it is in the chain in force on the node; undefined: it is not known what
 * that is. Until the node holds a version of it, and while it can load none as it is wanted, an entry stays what it is
 * there: one download that fails, or one entry that a node cannot take, keeps neither the rest of the chain from it nor
 * takes away what runs, and what answers in place of a guard goes on answering.
 */
export function settledChoices(
  choices: readonly (EntryChoice | OpenChoice)[],
  side: NodeSide,
  known: KnownChains,
): readonly EntryChoice[] | undefined {
  if (choices.some(({ kind }) => kind === "pending")) return undefined;
  const settled = choices.map((choice, index) =>
    isSettled(choice) ? choice : asInForce(side.chain.entries[index]?.plugin ?? "", choice, side, known),
  );
  return settled.every((choice) => choice !== undefined) ? settled : undefined;
}

/** What a node may come to have where no entry that is open ever ran; none where nothing is open, or all waits. */
export function choicesWithoutOpen(
  choices: readonly (EntryChoice | OpenChoice)[],
  side: NodeSide,
): readonly (readonly EntryChoice[])[] {
  if (choices.every(isSettled) || choices.some(({ kind }) => kind === "pending")) return [];
  const settle = (open: (plugin: string) => EntryChoice): readonly EntryChoice[] =>
    choices.map((choice, index) =>
      isSettled(choice) ? choice : open(side.chain.entries[index]?.plugin ?? ""),
    );
  return [settle(() => ({ kind: "none" })), settle((plugin) => unavailable(plugin, side))];
}

function asInForce(
  plugin: string,
  choice: OpenChoice,
  side: NodeSide,
  known: KnownChains,
): EntryChoice | undefined {
  const place = known.placeOf(plugin, side.cluster, side.inForce);
  switch (place?.kind) {
    case "runs":
      return { kind: "kept", entry: place.entry };
    case "unavailable":
      return unavailable(plugin, side);
    case "left out": {
      // What never was in full force here is only tried: a node that cannot take it stays as it was before.
      const isGuarded = choice.kind === "refused" && side.targets.get(plugin)?.hasBase === true;
      return isGuarded ? unavailable(plugin, side) : { kind: "none" };
    }
    case undefined:
      return undefined;
  }
}

function isSettled(choice: EntryChoice | OpenChoice): choice is EntryChoice {
  return choice.kind !== "missing" && choice.kind !== "refused" && choice.kind !== "pending";
}

/** It is not loaded, so it does not matter whether the node holds it. */
function offChoice({ run, gray }: PluginTarget): EntryChoice {
  const first = run[0] ?? gray;
  return first === undefined ? { kind: "none" } : { kind: "run", version: first.version, gray: undefined };
}

function unavailable(plugin: string, side: NodeSide): EntryChoice {
  const target = side.targets.get(plugin);
  return { kind: "unavailable", failurePolicy: target && policyOf(target, side) };
}

function policyOf({ run, gray }: PluginTarget, side: NodeSide): FailurePolicy | undefined {
  const wanted = run[0] ?? gray;
  return wanted && side.policyOf(wanted.digest);
}

/** What the node would be sent of this entry; `entryContent` makes one where something runs. */
function hashOf(entry: ClusterChainEntry, choice: RunChoice): string {
  return contentHash(entryContent(entry, choice)[0]);
}
