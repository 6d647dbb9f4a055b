import { z } from "zod";

import { chainSchema, deadlinesSchema } from "../../core/chain-document/chain-schema.ts";
import { ENTRY_MODES } from "../../core/chain-document/chain-document.ts";
import { checkValue } from "../../core/document.ts";
import type { ClusterChain, ClusterChainEntry } from "../model/chain.ts";

/** An entry as people write it; what is left out is the manifest's to say. */
export interface EntryWish {
  readonly plugin: string;
  readonly mode?: ClusterChainEntry["mode"] | undefined;
  readonly tag?: string | undefined;
  readonly config?: unknown;
  readonly match?: unknown;
  readonly failurePolicy?: ClusterChainEntry["failurePolicy"];
  readonly timeout?: string | undefined;
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
}

/** A chain as people write it: durations and sizes as text. */
export interface ChainWish {
  readonly entries: readonly EntryWish[];
  readonly deadlines?:
    | { readonly request?: string | undefined; readonly response?: string | undefined }
    | undefined;
}

/** What stands in a chain, whatever stands beside it; what the parts mean is core/chain-document's to check. */
export const chainMembers: {
  readonly entries: z.ZodType<readonly EntryWish[]>;
  readonly deadlines: z.ZodType<ChainWish["deadlines"]>;
} = {
  entries: z.array(
    z.strictObject({
      plugin: z.string(),
      mode: z.enum(ENTRY_MODES).optional(),
      tag: z.string().optional(),
      config: z.unknown().optional(),
      match: z.unknown().optional(),
      failurePolicy: z.enum(["open", "closed"]).optional(),
      timeout: z.string().optional(),
      cpu: z.string().optional(),
      memory: z.string().optional(),
    }),
  ),
  deadlines: z.strictObject({ request: z.string().optional(), response: z.string().optional() }).optional(),
};

const chainForm: z.ZodType<ChainWish> = z.strictObject(chainMembers);

const chainMeaning = z.strictObject({ entries: chainSchema, deadlines: deadlinesSchema });

/** The chain as it is kept. Throws an `InputError` with everything that is wrong in it. */
export function chainOf(cluster: string, wish: ChainWish): Omit<ClusterChain, "revision"> {
  const { deadlines } = checkValue(
    "chain",
    withoutUndefined(checkValue("chain", wish, chainForm)),
    chainMeaning,
  );
  return { cluster, deadlines, entries: wish.entries.map(entryOf) };
}

function entryOf(wish: EntryWish): ClusterChainEntry {
  return {
    plugin: wish.plugin,
    mode: wish.mode ?? "enforce",
    tag: wish.tag ?? "",
    config: wish.config,
    match: wish.match,
    failurePolicy: wish.failurePolicy,
    timeout: wish.timeout,
    cpu: wish.cpu,
    memory: wish.memory,
  };
}

/** As JSON would carry it: a key that is there and undefined is not the same to every check. */
function withoutUndefined(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
