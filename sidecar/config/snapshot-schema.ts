import { dirname, resolve } from "node:path";
import { z } from "zod";
import { parseAddress, type Address } from "../../core/address.ts";
import { chainSchema, deadlinesSchema } from "../../core/chain-document/chain-schema.ts";
import { identifier } from "../../core/chain-document/names.ts";
import { checkValue, readDocument } from "../../core/document.ts";
import { InputError } from "../../core/errors.ts";
import { UNKNOWN_SERVICES, type MeshSnapshot } from "./snapshot.ts";

/** A configuration longer than this is refused unread. */
export const MAX_SNAPSHOT_BYTES = 1024 * 1024;

const node = z.strictObject({
  id: identifier.optional(),
  cluster: identifier.default("default"),
  service: identifier.default("app"),
  symbol: identifier.default("stable"),
  labels: z.record(identifier, z.string().max(256)).default({}),
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
  chain: chainSchema.default([]),
  deadlines: deadlinesSchema,
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
    chain: value.chain,
    deadlines: value.deadlines,
    services: lowerKeys(value.services),
    unknownServices: value.unknownServices,
  };
}

/** Host names are compared without case (RFC 9110 §4.2.3). */
function lowerKeys<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]));
}
