import type { HeaderBlock } from "./header-block.ts";
import { isMeshField } from "./header-rules.ts";
import { WIRE_NAMES } from "./known-fields.ts";

/** RFC 9110 §6.5.1: routing, request modifiers, authentication, content format and what controls answers. */
const FORBIDDEN = [
  "age",
  "authorization",
  "cache-control",
  "content-encoding",
  "content-range",
  "content-type",
  "cookie",
  "date",
  "expires",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "location",
  "max-forwards",
  "pragma",
  "range",
  "retry-after",
  "set-cookie",
  "vary",
  "warning",
  "www-authenticate",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
] as const;

const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(FORBIDDEN);
const FRAMING_NAMES: ReadonlySet<string> = new Set(WIRE_NAMES);

/** Whether this trailer field would change framing, routing or the connection for somebody who merged it. */
export function isSmugglingTrailer(trailers: HeaderBlock, index: number): boolean {
  return FRAMING_NAMES.has(lowerName(trailers, index));
}

/** Whether this trailer field is one that must not stand behind a body: to be left out. */
export function isForbiddenTrailer(trailers: HeaderBlock, index: number): boolean {
  if (isMeshField(trailers, index)) return true;
  const name = lowerName(trailers, index);
  return FORBIDDEN_NAMES.has(name) || (name.includes("_") && isForbiddenToCgi(name.replaceAll("_", "-")));
}

/** CGI-style apps cannot tell the two apart, and framing by such a name is nobody's. */
function isForbiddenToCgi(name: string): boolean {
  return FORBIDDEN_NAMES.has(name) || FRAMING_NAMES.has(name);
}

function lowerName(trailers: HeaderBlock, index: number): string {
  return trailers.fields?.[index * 2] ?? trailers.name(index).toLowerCase();
}
