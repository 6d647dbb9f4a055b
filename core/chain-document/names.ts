import { z } from "zod";

/** What plugins are called. */
export const dnsLabel: z.ZodType<string> = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "expected a DNS label: up to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit",
  );

/** What nodes, clusters, services, symbols and labels are called. */
export const identifier: z.ZodType<string> = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/, "expected letters, digits, ., _ and -");

/**
 * What may name a plugin's version: the characters of a semantic version and no white space, which people who approve
 * one cannot see. Whether there is such a version is for whoever keeps them to say.
 */
export const versionName: z.ZodType<string> = z
  .string({ error: 'expected a version in quotes or with three parts, such as "1.2.0"' })
  .max(32, "expected at most 32 characters")
  .regex(/^[0-9A-Za-z.+-]+$/, "expected a version such as 1.2.0");
