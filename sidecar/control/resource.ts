import { z } from "zod";

import type { Resource__Output } from "../../proto/gen/mesh/v1/Resource.ts";
import { contentHash } from "../../core/content-hash.ts";
import { checkValue } from "../../core/document.ts";
import { InputError, messageOf } from "../../core/errors.ts";

/** What a control plane sends, in the order in which it takes effect. */
export const RESOURCE_NAMES = ["stage", "route", "chain"] as const;
export type ResourceName = (typeof RESOURCE_NAMES)[number];

/** The words of the wire. */
export const RESOURCE_TYPES = { stage: "STAGE", route: "ROUTE", chain: "CHAIN" } as const;

/** A package that the node is to hold. */
export interface WantedPackage {
  readonly plugin: string;
  readonly version: string;
  /** sha256 of the zip, hex. */
  readonly digest: string;
  /** Of the zip, bytes. */
  readonly size: number;
  /** Of its chain entry; undefined: it is in no chain. */
  readonly config?: unknown;
}

/** What problems in a resource call its place. */
export const CONTROL_PLANE = "control plane";
const MAX_PACKAGES = 500;

/** Keys that this node does not know are a newer control plane's: they concern no package that is named here. */
const stage = z.object({
  packages: z
    .array(
      z.object({
        plugin: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "expected a DNS label"),
        version: z.string().min(1).max(64),
        digest: z.string().regex(/^[0-9a-f]{64}$/, "expected a sha256, hex"),
        size: z.int().min(0),
        config: z.unknown().optional(),
      }),
    )
    .max(MAX_PACKAGES),
});

/** The type of a resource; undefined: one that this node does not know, which is ignored. */
export function nameOf({ type }: Pick<Resource__Output, "type">): ResourceName | undefined {
  return RESOURCE_NAMES.find((name) => RESOURCE_TYPES[name] === type);
}

/** The content of a resource. Throws an `InputError` where it is no JSON, or not what its hash says. */
export function readContent({ content, hash }: Pick<Resource__Output, "content" | "hash">): unknown {
  let value: unknown;
  try {
    value = JSON.parse(content.toString("utf8"));
  } catch (thrown) {
    throw problem(`is no JSON: ${messageOf(thrown)}`);
  }
  const actual = contentHash(value);
  if (actual !== hash) throw problem(`the content has hash ${actual}, not ${hash}`);
  return value;
}

/** The packages of a `stage`. Throws an `InputError`. */
export function readStage(content: unknown): readonly WantedPackage[] {
  return checkValue(CONTROL_PLANE, content, stage).packages;
}

function problem(message: string): InputError {
  return new InputError([{ where: CONTROL_PLANE, message }]);
}
