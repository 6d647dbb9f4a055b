import type { HeaderBlock } from "../../../core/headers/header-block.ts";

/** Header fields as node:http2 takes them where it takes no flat list: trailers and 1xx. */
export type HeaderRecord = Record<string, string | string[]>;

/** For trailers and 1xx: repeated names become lists, in order. */
export function toRecord(headers: HeaderBlock): HeaderRecord {
  const record: HeaderRecord = { __proto__: null as never };
  for (let i = 0; i < headers.size; i++) {
    const name = headers.name(i).toLowerCase();
    const earlier = record[name];
    if (earlier === undefined) record[name] = headers.value(i);
    else if (Array.isArray(earlier)) earlier.push(headers.value(i));
    else record[name] = [earlier, headers.value(i)];
  }
  return record;
}
