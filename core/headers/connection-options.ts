import type { HeaderBlock } from "./header-block.ts";
import { tokenList } from "./token-list.ts";

/** What all Connection fields of a head say together (RFC 9110 §7.6.1). */
export interface ConnectionOptions {
  readonly close: boolean;
  readonly upgrade: boolean;
  /** Lower-case names of the fields that were for this connection only, `close` and the like not among them. */
  readonly named: readonly string[];
}

const NONE: ConnectionOptions = { close: false, upgrade: false, named: [] };
const CLOSE: ConnectionOptions = { ...NONE, close: true };
const UPGRADE: ConnectionOptions = { ...NONE, upgrade: true };

/** Options that name no field. */
const PLAIN_OPTIONS = ["close", "keep-alive", "upgrade"];

/**
 * Reads the Connection field at `first`, which is -1 where there is none, and those behind it if it `repeats`.
 * Undefined if one is no list of tokens: then nobody can tell which fields it names.
 */
export function connectionOptions(
  headers: HeaderBlock,
  first: number,
  repeats: boolean,
): ConnectionOptions | undefined {
  if (first < 0) return NONE;
  if (!repeats) {
    // Nearly all of them are one of three words: no list is made for those.
    if (headers.valueEquals(first, "keep-alive")) return NONE;
    if (headers.valueEquals(first, "close")) return CLOSE;
    if (headers.valueEquals(first, "upgrade")) return UPGRADE;
  }
  return listedOptions(headers);
}

function listedOptions(headers: HeaderBlock): ConnectionOptions | undefined {
  const options = tokenList(headers.all("connection").join(","));
  if (options === undefined) return undefined;
  return {
    close: options.includes("close"),
    upgrade: options.includes("upgrade"),
    named: options.filter((option) => !PLAIN_OPTIONS.includes(option)),
  };
}
