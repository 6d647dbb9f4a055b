import { CARRIAGE_RETURN, COLON, SPACE } from "../../../core/headers/field-syntax.ts";
import { type HeaderBlock, OFFSETS_PER_FIELD } from "../../../core/headers/header-block.ts";
import { FIELD, knownFieldInText } from "../../../core/headers/known-fields.ts";
import { fieldBits, fieldTable, TRAIT } from "../../../core/headers/traits.ts";

/**
 * What the wire writes itself: such a field in a block is left out, so that no head can ever have two lengths, whoever
 * made the block.
 */
const WRITTEN_FIELDS = [
  FIELD.connection,
  FIELD.keepAlive,
  FIELD.proxyConnection,
  FIELD.upgrade,
  FIELD.contentLength,
  FIELD.transferEncoding,
];
const WRITTEN_BY_WIRE = fieldTable(WRITTEN_FIELDS);
const WRITTEN_BITS = fieldBits(WRITTEN_FIELDS);
const HOST_BIT = fieldBits([FIELD.host]);

/**
 * The fields of a block as lines for the wire, each `name: value CRLF`. Neighbours that lie in the text just so are
 * cut out as one piece, which is how untouched fields cross with one copy.
 *
 * `host`, where it is given, stands in the place of the value of Host.
 */
export function fieldLines(headers: HeaderBlock, host?: string): string {
  const { text, offsets, traits } = headers;
  const loose = (traits & TRAIT.loose) !== 0;
  const looked = (traits & (host === undefined ? WRITTEN_BITS : WRITTEN_BITS | HOST_BIT)) !== 0;
  let lines = "";
  // The piece that is being collected; it always ends behind a CRLF.
  let pieceStart = 0;
  let pieceEnd = 0;
  for (let at = 0; at < offsets.length; at += OFFSETS_PER_FIELD) {
    const start = offsets[at] ?? 0;
    const nameEnd = offsets[at + 1] ?? 0;
    const valueStart = offsets[at + 2] ?? 0;
    const valueEnd = offsets[at + 3] ?? 0;
    const known = looked ? knownFieldInText(text, start, nameEnd) : FIELD.other;
    if (WRITTEN_BY_WIRE[known] === 1) continue;
    const replaced = known === FIELD.host && host !== undefined && host !== text.slice(valueStart, valueEnd);
    if (!replaced && (!loose || isCanonical(text, nameEnd, valueStart, valueEnd))) {
      if (start !== pieceEnd) {
        lines += text.slice(pieceStart, pieceEnd);
        pieceStart = start;
      }
      pieceEnd = valueEnd + 2;
      continue;
    }
    const value = replaced ? host : text.slice(valueStart, valueEnd);
    lines += `${text.slice(pieceStart, pieceEnd)}${text.slice(start, nameEnd)}: ${value}\r\n`;
    pieceStart = pieceEnd;
  }
  return lines + text.slice(pieceStart, pieceEnd);
}

/** Whether the text holds exactly one space behind the colon and none before the end of the line. */
function isCanonical(text: string, nameEnd: number, valueStart: number, valueEnd: number): boolean {
  return (
    valueStart === nameEnd + 2 &&
    text.charCodeAt(nameEnd) === COLON &&
    text.charCodeAt(nameEnd + 1) === SPACE &&
    text.charCodeAt(valueEnd) === CARRIAGE_RETURN
  );
}
