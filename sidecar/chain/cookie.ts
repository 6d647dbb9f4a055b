import type { HeaderBlock } from "../../core/headers/header-block.ts";

/**
 * The value of the first cookie of this name (RFC 6265 §4.2.1), from all Cookie lines; quotes and what follows a
 * second `=` belong to the value. Names are compared with case.
 */
export function cookieValue(headers: HeaderBlock, name: string): string | undefined {
  for (let i = headers.indexOf("cookie"); i >= 0; i = headers.indexOf("cookie", i + 1)) {
    for (const pair of headers.value(i).split(";")) {
      const equals = pair.indexOf("=");
      if (equals >= 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
    }
  }
  return undefined;
}
