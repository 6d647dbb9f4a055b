import { z } from "zod";
import type { EntryMatch, HeaderMatch, HeaderValueMatch, PathMatch } from "./match.ts";
import { pathPattern } from "./path-pattern.ts";

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
const MAX_CONDITIONS = 32;
const token = z.string().regex(TOKEN, "expected a name of letters, digits and - (RFC 9110 §5.6.2)");

/** Header values cross as bytes, and only these can be told apart without knowing an encoding. */
const headerValue = z
  .string({ error: "expected a text; put numbers and true in quotes" })
  .max(4_096, "expected at most 4096 characters")
  .regex(/^[\x20-\x7e]*$/, "expected printable ASCII");

const path = z
  .strictObject({ exact: pathPattern.optional(), prefix: pathPattern.optional() })
  .transform((value, context): PathMatch => {
    if (value.exact !== undefined && value.prefix === undefined) return { exact: value.exact };
    if (value.prefix !== undefined && value.exact === undefined) return { prefix: value.prefix };
    return oneOf(context, "exact or prefix");
  });

const header = z
  .strictObject({
    exact: headerValue.optional(),
    prefix: headerValue.optional(),
    present: z.boolean().optional(),
  })
  .transform((value, context): HeaderValueMatch => {
    if (Object.values(value).filter((each) => each !== undefined).length !== 1)
      return oneOf(context, "exact, prefix or present");
    if (value.exact !== undefined) return { exact: value.exact };
    return value.prefix === undefined ? { present: value.present === true } : { prefix: value.prefix };
  });

const bucketBy = z
  .strictObject({ header: token.optional(), cookie: token.optional() })
  .transform((value, context): EntryMatch["bucketKey"] => {
    if (value.header !== undefined && value.cookie === undefined)
      return { kind: "header", name: value.header };
    if (value.cookie !== undefined && value.header === undefined)
      return { kind: "cookie", name: value.cookie };
    return oneOf(context, "header or cookie");
  });

/** A share of the requests. */
export const percentage: z.ZodType<number> = z
  .number({ error: "expected a number from 0 to 100, without %" })
  .min(0, "expected at least 0")
  .max(100, "expected at most 100")
  .refine(
    (value) => Math.abs(value * 100 - Math.round(value * 100)) < 1e-6,
    "expected at most two decimals, since a bucket is 0.01%",
  );

/** `match:` of a chain entry: all conditions must hold. */
export const matchSchema: z.ZodType<EntryMatch> = z
  .strictObject({
    path: path.optional(),
    method: z
      .array(token, { error: "expected a list such as [GET, POST]" })
      .min(1, "expected at least one method")
      .max(MAX_CONDITIONS)
      .optional(),
    header: z.record(token, header).optional(),
    percentage: percentage.optional(),
    bucketBy: bucketBy.optional(),
  })
  .superRefine((value, context) => {
    if (Object.keys(value.header ?? {}).length > MAX_CONDITIONS)
      context.addIssue({
        code: "custom",
        path: ["header"],
        message: `expected at most ${MAX_CONDITIONS} headers`,
      });
  })
  .transform((value) => ({
    path: value.path,
    methods: value.method,
    headers: Object.entries(value.header ?? {}).map(([name, value]): HeaderMatch => ({ name, value })),
    percentage: value.percentage,
    bucketKey: value.bucketBy,
  }));

function oneOf(context: z.core.$RefinementCtx, choices: string): never {
  context.addIssue({ code: "custom", message: `expected exactly one of ${choices}` });
  return z.NEVER;
}
