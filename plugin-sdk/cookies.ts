import type { PluginHeaders } from "../core/plugin-api.ts";

export interface Cookie {
  readonly name: string;
  /** Without the quotes that may stand around it. */
  readonly value: string;
}

/**
 * Every cookie of the request, in order, from all Cookie lines (HTTP/2 sends several); one that is sent twice is there
 * twice. As RFC 6265 §5.4 and netty's `ServerCookieDecoder.decodeAll` read them: only the first `=` separates, so a
 * value may hold further ones; a value may be quoted; what has no `=`, no name or only one quote is no cookie, and
 * neither are the `$Version`, `$Path`, `$Domain`, `$Port` of old. Names are told apart by case. Nothing is decoded.
 */
export function parseCookies(headers: Pick<PluginHeaders, "getAll">): readonly Cookie[] {
  return headers.getAll("cookie").flatMap((line) => line.split(";").flatMap(cookieIn));
}

/** The value of the first cookie of this name. */
export function cookieOf(headers: Pick<PluginHeaders, "getAll">, name: string): string | undefined {
  return parseCookies(headers).find((cookie) => cookie.name === name)?.value;
}

function cookieIn(pair: string): Cookie[] {
  const equals = pair.indexOf("=");
  const name = pair.slice(0, Math.max(0, equals)).trim();
  const value = unquoted(pair.slice(equals + 1).trim());
  return name === "" || name.startsWith("$") || value === undefined ? [] : [{ name, value }];
}

function unquoted(value: string): string | undefined {
  if (!value.startsWith('"')) return value;
  return value.length >= 2 && value.endsWith('"') ? value.slice(1, -1) : undefined;
}
