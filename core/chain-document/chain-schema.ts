import { z } from "zod";

import { durationText, sizeText } from "../document.ts";
import { FAILURE_POLICIES } from "../failure-policy.ts";
import { ENTRY_MODES, MAX_CHAIN_ENTRIES, type ChainDeadlines, type DocumentEntry } from "./chain-document.ts";
import { matchSchema, percentage } from "./match-schema.ts";
import { dnsLabel, versionName } from "./names.ts";

const DEFAULT_CHAIN_DEADLINE = 200;
const MAX_TIME = 60_000;
const MIN_MEMORY = 8 * 1024 ** 2;
const MAX_MEMORY = 1024 ** 3;

const time = durationText.refine((ms) => ms >= 1 && ms <= MAX_TIME, "expected between 1ms and 60s");

const memory = sizeText.refine(
  (bytes) => bytes >= MIN_MEMORY && bytes <= MAX_MEMORY,
  "expected between 8MiB and 1GiB",
);

const asciiText = z
  .string()
  .max(256, "expected at most 256 characters")
  .regex(/^[\x20-\x7e]*$/, "expected printable ASCII");

const gray = z.strictObject({
  version: versionName,
  percentage,
  salt: asciiText.min(1).optional(),
});

const entry = z
  .strictObject({
    plugin: dnsLabel,
    version: versionName.optional(),
    mode: z.enum(ENTRY_MODES).default("enforce"),
    tag: asciiText.default(""),
    config: z.unknown().optional(),
    match: matchSchema.optional(),
    failurePolicy: z.enum(FAILURE_POLICIES).optional(),
    timeout: time.optional(),
    cpu: time.optional(),
    memory: memory.optional(),
    gray: gray.optional(),
  })
  .superRefine((value, context) => {
    const refuse = (path: readonly string[], message: string): void =>
      context.addIssue({ code: "custom", path: [...path], message });
    const divides = value.match?.percentage !== undefined || value.gray !== undefined;
    if (value.match?.bucketKey !== undefined && !divides)
      refuse(["match", "bucketBy"], "has a meaning beside percentage or gray only");
    if (value.gray !== undefined && value.version === undefined)
      refuse(["version"], "missing: beside a gray version the other one must be named too");
    if (value.gray !== undefined && value.gray.version === value.version)
      refuse(["gray", "version"], "expected another version than the entry's own");
  })
  .transform((value): DocumentEntry => ({
    plugin: value.plugin,
    version: value.version,
    mode: value.mode,
    tag: value.tag,
    config: value.config,
    match: value.match,
    failurePolicy: value.failurePolicy,
    timeout: value.timeout,
    cpu: value.cpu,
    memory: value.memory,
    gray:
      value.gray === undefined
        ? undefined
        : { ...value.gray, salt: value.gray.salt ?? `gray/${value.plugin}/` },
  }));

/** A chain as people write it, in files and in the control plane's API; it has one entry per plugin. */
export const chainSchema: z.ZodType<readonly DocumentEntry[]> = z
  .array(entry)
  .max(MAX_CHAIN_ENTRIES, `expected at most ${MAX_CHAIN_ENTRIES} entries`)
  .superRefine((entries, context) => {
    const firsts = new Map<string, number>();
    for (const [index, { plugin }] of entries.entries()) {
      const first = firsts.get(plugin);
      if (first === undefined) firsts.set(plugin, index);
      else
        context.addIssue({
          code: "custom",
          path: [index, "plugin"],
          message: `${plugin} is chain[${first}] already: a chain has one entry per plugin`,
        });
    }
  });

/** `deadlines:` of a chain; each 200ms unless it says otherwise. */
export const deadlinesSchema: z.ZodType<ChainDeadlines> = z
  .strictObject({
    request: time.default(DEFAULT_CHAIN_DEADLINE),
    response: time.default(DEFAULT_CHAIN_DEADLINE),
  })
  .prefault({});
