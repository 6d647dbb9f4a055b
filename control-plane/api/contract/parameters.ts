import { z } from "zod";

import { identifier, name } from "./resources.ts";

/** What stands in a path for `:name`, by that name; the same everywhere. */
export const PARAMETERS = {
  domain: name,
  cluster: name,
  plugin: name,
  version: z.string().regex(/^[0-9A-Za-z.+-]{1,64}$/, "expected a version such as 1.2.3"),
  digest: z.string().regex(/^[0-9a-f]{64}$/, "expected a sha256 in hex"),
  release: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  node: identifier,
  token: identifier,
  webhook: identifier,
  silence: identifier,
} as const satisfies Readonly<Record<string, z.ZodType>>;

export type ParameterName = keyof typeof PARAMETERS;

/** `"/clusters/:cluster/chain/:plugin"` → `"cluster" | "plugin"` */
export type ParameterNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParameterNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** The parameters of a path, parsed. */
export type ParameterValues<Path extends string> = {
  readonly [Name in ParameterNames<Path> & ParameterName]: z.output<(typeof PARAMETERS)[Name]>;
};

/** The names in a path, in their order. */
export function parametersOf(path: string): readonly ParameterName[] {
  return Array.from(path.matchAll(/:([a-z]+)/g), ([, name]) => name as ParameterName);
}
