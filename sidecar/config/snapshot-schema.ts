import { dirname, resolve } from "node:path";
import { z } from "zod";
import { parseAddress, type Address } from "../../core/address.ts";
import { checkValue, durationText, readDocument, sizeText } from "../../core/document.ts";
import { InputError } from "../../core/errors.ts";
import { ENTRY_MODES, MAX_CHAIN_ENTRIES } from "../chain/entry.ts";
import { FAILURE_POLICIES } from "../chain/verdict.ts";
import { matchSchema } from "./match-schema.ts";
import { UNKNOWN_SERVICES, type MeshSnapshot } from "./snapshot.ts";

/** A configuration longer than this is refused unread. */
export const MAX_SNAPSHOT_BYTES = 1024 * 1024;

const DEFAULT_CHAIN_DEADLINE = 200;
const MAX_TIME = 60_000;
const MAX_MEMORY = 1024 ** 3;

const dnsLabel = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "expected a DNS label: up to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit",
  );

const identifier = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/, "expected letters, digits, ., _ and -");

const time = durationText.refine((ms) => ms >= 1 && ms <= MAX_TIME, "expected between 1ms and 60s");

const node = z.strictObject({
  id: identifier.optional(),
  cluster: identifier.default("default"),
  service: identifier.default("app"),
  symbol: identifier.default("stable"),
  labels: z.record(identifier, z.string().max(256)).default({}),
});

const entry = z.strictObject({
  plugin: dnsLabel,
  version: z
    .string({ error: 'expected a version in quotes or with three parts, such as "1.2.0"' })
    .max(32)
    .optional(),
  mode: z.enum(ENTRY_MODES).default("enforce"),
  tag: z
    .string()
    .max(256, "expected at most 256 characters")
    .regex(/^[\x20-\x7e]*$/, "expected printable ASCII")
    .default(""),
  config: z.unknown().optional(),
  match: matchSchema.optional(),
  failurePolicy: z.enum(FAILURE_POLICIES).optional(),
  timeout: time.optional(),
  cpu: time.optional(),
  memory: sizeText
    .refine((bytes) => bytes >= 8 * 1024 ** 2 && bytes <= MAX_MEMORY, "expected between 8MiB and 1GiB")
    .optional(),
});

const chain = z
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

const address = z.string().transform((text, context): Address => {
  const parsed = parseAddress(text);
  if (parsed !== undefined && parsed.port > 0) return parsed;
  context.addIssue({ code: "custom", message: `expected host:port, not ${JSON.stringify(text)}` });
  return z.NEVER;
});

const folder = z.string().min(1, "expected a folder");

const schema = z.strictObject({
  apiVersion: z.literal("sluice/v1"),
  kind: z.literal("Mesh"),
  node: node.prefault({}),
  sidecar: z.unknown().optional(),
  plugins: z
    .strictObject({
      folder: z.union([folder, z.array(folder)], { error: "expected a folder or a list of them" }),
    })
    .optional(),
  chain: chain.default([]),
  deadlines: z
    .strictObject({
      request: time.default(DEFAULT_CHAIN_DEADLINE),
      response: time.default(DEFAULT_CHAIN_DEADLINE),
    })
    .prefault({}),
  services: z
    .record(
      z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, "expected a host name"),
      z.array(address, { error: "expected a list such as [127.0.0.1:9001]" }).min(1, "expected an endpoint"),
    )
    .default({}),
  unknownServices: z.enum(UNKNOWN_SERVICES).optional(),
});

/** Reads the text of a configuration file, whose absolute path is `where`. Throws an `InputError`. */
export function parseSnapshot(where: string, text: string): MeshSnapshot {
  if (Buffer.byteLength(text) > MAX_SNAPSHOT_BYTES)
    throw new InputError([{ where, message: `is longer than ${MAX_SNAPSHOT_BYTES} bytes` }]);
  return snapshotOf(where, readDocument(where, text, schema));
}

/** The same for a value that came parsed. Throws an `InputError`. */
export function checkSnapshot(where: string, value: unknown): MeshSnapshot {
  return snapshotOf(where, checkValue(where, value, schema));
}

function snapshotOf(where: string, value: z.infer<typeof schema>): MeshSnapshot {
  const directory = dirname(resolve(where));
  return {
    where,
    directory,
    node: { ...value.node, id: value.node.id },
    settings: value.sidecar,
    pluginFolders: [value.plugins?.folder ?? []].flat().map((path) => resolve(directory, path)),
    chain: value.chain.map((each) => ({
      plugin: each.plugin,
      version: each.version,
      mode: each.mode,
      tag: each.tag,
      config: each.config,
      match: each.match,
      failurePolicy: each.failurePolicy,
      timeout: each.timeout,
      cpu: each.cpu,
      memory: each.memory,
    })),
    deadlines: value.deadlines,
    services: lowerKeys(value.services),
    unknownServices: value.unknownServices,
  };
}

/** Host names are compared without case (RFC 9110 §4.2.3). */
function lowerKeys<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]));
}
