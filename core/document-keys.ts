import type { z } from "zod";

/** The part of zod's definitions that leads from a schema to what is inside it. */
interface Definition {
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
}

/** The keys that a schema knows at a path, for hints; empty where that cannot be told. */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const definition: Definition = schema._zod.def as Definition;
  const wrapped = definition.innerType ?? definition.in;
  if (wrapped !== undefined) return keysAt(wrapped, path);
  const [first, ...rest] = path;
  if (first === undefined) return Object.keys(definition.shape ?? {});
  const inside = definition.element ?? definition.valueType ?? definition.shape?.[String(first)];
  return inside === undefined ? [] : keysAt(inside, rest);
}
