import { OFFSETS_PER_FIELD, type HeaderBlock } from "./header-block.ts";

/**
 * Without the fields whose name has an underscore; the same block if there are none. CGI, WSGI, Rack and PHP hand
 * `x-user` and `x_user` to an app as one variable, so a client could write by the one what rules guard as the other.
 */
export function withoutUnderscores(headers: HeaderBlock): HeaderBlock {
  return nextUnderscored(headers, 0) < 0
    ? headers
    : headers.filter((index) => !isUnderscored(headers, index));
}

/** The names that `withoutUnderscores` leaves out, as they arrived. */
export function underscoredNames(headers: HeaderBlock): readonly string[] {
  const names: string[] = [];
  for (let index = nextUnderscored(headers, 0); index >= 0; index = nextUnderscored(headers, index + 1))
    names.push(headers.name(index));
  return names;
}

/** The first such field from `from` on, or -1. Looks at each char of the text once at most, and makes no string. */
function nextUnderscored(headers: HeaderBlock, from: number): number {
  const { fields, size } = headers;
  if (fields !== undefined) {
    for (let index = from; index < size; index++) if (fields[index * 2]?.includes("_") === true) return index;
    return -1;
  }
  const { text, offsets } = headers;
  let at = -1;
  for (let index = from; index < size; index++) {
    const start = offsets[index * OFFSETS_PER_FIELD] ?? 0;
    if (at < start) at = text.indexOf("_", start);
    if (at < 0) return -1;
    if (at < (offsets[index * OFFSETS_PER_FIELD + 1] ?? 0)) return index;
  }
  return -1;
}

function isUnderscored(headers: HeaderBlock, index: number): boolean {
  return headers.name(index).includes("_");
}
