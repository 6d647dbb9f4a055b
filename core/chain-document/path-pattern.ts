import { z } from "zod";

const MAX_LENGTH = 2_048;

/**
 * A path as people write it, turned into the normalised form that requests are compared in: what is not printable
 * ASCII percent-encoded. What could never equal a normalised path is refused rather than never matched.
 */
export const pathPattern: z.ZodType<string> = z
  .string()
  .max(MAX_LENGTH, `expected at most ${MAX_LENGTH} characters`)
  .superRefine((path, context) => {
    const problem = problemOf(path);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  })
  .transform((path) => encodeAsUtf8(path));

function problemOf(path: string): string | undefined {
  if (!path.startsWith("/")) return "expected a path that begins with /";
  if (/[?#]/.test(path)) return "expected a path only: a query is never compared";
  if (path.includes(";")) return "expected no parameters: they are left out when paths are compared";
  if (path.includes("%")) return "expected the characters themselves: escapes are resolved before comparing";
  if (/[\\\0]/.test(path)) return "expected no backslash or NUL: such requests are refused";
  if (path.includes("//")) return "expected single slashes: repeated ones count as one";
  if (/\/\.\.?(\/|$)/.test(path)) return "expected no . or .. segments: they are resolved before comparing";
  return path.isWellFormed() ? undefined : "expected well-formed Unicode";
}

function encodeAsUtf8(path: string): string {
  // Anything that failed the checks is here too, before the problem is reported.
  if (!path.isWellFormed()) return path;
  return path.replaceAll(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(text));
}
