import { FIELD, knownFieldInText, KNOWN_NAMES } from "./known-fields.ts";

/**
 * What may be true of a block, one bit each: a known field that may be among its fields (bit = its number), or one of
 * `TRAIT`. A bit that is 0 is certain, so that nothing needs to be looked for; only who has seen every byte may clear one.
 */
export type Traits = number;

/** Nothing was looked at: anything may be true. */
export const ANY_TRAIT: Traits = -1;

export const TRAIT = {
  /** A name begins with `x-mesh-`, or with `_` for `-`. */
  mesh: 1 << 29,
  /** A line is not just `name: value CRLF`: it has another white space, or none. */
  loose: 1 << 30,
} as const;

const LETTER_X = 0x78;
const LETTER_M = 0x6d;

/** Whether a name with these letters, the first and the third, may begin with `x-mesh-`. */
export function mayBeMesh(first: number, third: number): boolean {
  return (first | 0x20) === LETTER_X && (third | 0x20) === LETTER_M;
}

/** What one name brings into a block. */
export function traitsOfName(name: string): Traits {
  let traits: Traits = 1 << knownFieldInText(name, 0, name.length);
  if (mayBeMesh(name.charCodeAt(0), name.charCodeAt(2))) traits |= TRAIT.mesh;
  return traits;
}

/** The bits of these known fields. */
export function fieldBits(fields: readonly number[]): Traits {
  return fields.reduce((bits, field) => bits | (1 << field), 0);
}

/** By number of known field, 1 for these. */
export function fieldTable(fields: readonly number[]): Uint8Array {
  return Uint8Array.from(KNOWN_NAMES, (_, number) =>
    number !== FIELD.other && fields.includes(number) ? 1 : 0,
  );
}
