import { OFFSETS_PER_FIELD, type HeaderBlock } from "../../../core/headers/header-block.ts";

const CR = 0x0d;
const COLON = 0x3a;
const LINE_END = "\r\n";

/**
 * The field lines of a block as they stand in its text: `name: value CRLF`, one after the other. A cut of the text
 * where the fields follow each other without anything between, which is every head that came from a wire whole.
 */
export function headerLines(block: HeaderBlock): string {
  const { text, offsets } = block;
  if (offsets.length === 0) return "";
  if (!contiguous(text, offsets)) return rebuilt(block);
  const end = offsets[offsets.length - 1] ?? 0;
  const lines = text.slice(offsets[0], end + LINE_END.length);
  return text.charCodeAt(end) === CR ? lines : `${text.slice(offsets[0], end)}${LINE_END}`;
}

function contiguous(text: string, offsets: readonly number[]): boolean {
  for (let at = 0; at < offsets.length; at += OFFSETS_PER_FIELD) {
    if (text.charCodeAt(offsets[at + 1] ?? 0) !== COLON) return false;
    if (at === 0) continue;
    const end = offsets[at - 1] ?? 0;
    if ((offsets[at] ?? 0) - end !== LINE_END.length || text.charCodeAt(end) !== CR) return false;
  }
  return true;
}

function rebuilt(block: HeaderBlock): string {
  let lines = "";
  for (let index = 0; index < block.size; index++)
    lines += `${block.name(index)}: ${block.value(index)}${LINE_END}`;
  return lines;
}
