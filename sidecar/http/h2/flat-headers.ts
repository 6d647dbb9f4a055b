import { HeaderBlock } from "../../../core/headers/header-block.ts";

/** Header fields as node:http2 takes them where it takes no flat list: trailers and 1xx. */
export type HeaderRecord = Record<string, string | string[]>;

/** A block made of node's flat list from `from` on, in arrival order; nghttp2 has checked every byte. */
export function blockFromFlat(flat: readonly string[], from: number): HeaderBlock {
  const offsets = new Uint32Array((flat.length - from) * 2);
  let text = "";
  let at = 0;
  for (let i = from; i < flat.length; i += 2) {
    const name = flat[i] ?? "";
    const value = flat[i + 1] ?? "";
    const start = text.length;
    const valueStart = start + name.length + 2;
    text += `${name}: ${value}\r\n`;
    // Four stores: a typed array's `set` would need an array for each field.
    offsets[at++] = start;
    offsets[at++] = start + name.length;
    offsets[at++] = valueStart;
    offsets[at++] = valueStart + value.length;
  }
  return new HeaderBlock(text, offsets);
}

/** Appends a block's fields to a flat list that begins with pseudo-headers. */
export function appendFlat(flat: string[], headers: HeaderBlock): string[] {
  const { text, offsets } = headers;
  for (let at = 0; at < offsets.length; at += 4)
    flat.push(text.slice(offsets[at], offsets[at + 1]), text.slice(offsets[at + 2], offsets[at + 3]));
  return flat;
}

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
