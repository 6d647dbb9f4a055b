import type { BucketKey, EntryMatch, HeaderMatch, PathMatch } from "../../core/chain-document/match.ts";
import { BUCKETS, bucketOf, hashText } from "../../core/hash.ts";
import type { HeaderBlock } from "../../core/headers/header-block.ts";
import type { RequestFacts } from "./chain.ts";
import { cookieValue } from "./cookie.ts";

export type Matcher = (facts: RequestFacts) => boolean;

/**
 * The conditions as one function, or undefined where every request fits. `salt` separates the shares of different
 * plugins; with the same salt a growing percentage only ever adds requests.
 */
export function compileMatch(match: EntryMatch, salt: string): Matcher | undefined {
  const conditions: Matcher[] = [];
  if (match.path !== undefined) conditions.push(...pathMatcher(match.path));
  if (match.methods !== undefined && match.methods.length > 0) conditions.push(methodMatcher(match.methods));
  for (const header of match.headers ?? []) conditions.push(headerMatcher(header));
  if (match.percentage !== undefined && match.percentage < 100)
    conditions.push(compileShare(match.percentage, match.bucketKey, salt));
  if (conditions.length <= 1) return conditions[0];
  return (facts) => {
    for (const holds of conditions) if (!holds(facts)) return false;
    return true;
  };
}

/** Nothing for the prefix `/`, which covers `*` (RFC 9110 §9.3.7) and the empty path of CONNECT too. */
function pathMatcher(path: PathMatch): Matcher[] {
  if ("exact" in path) return [inEitherForm((compared) => compared === path.exact)];
  const whole = path.prefix.endsWith("/") ? path.prefix.slice(0, -1) : path.prefix;
  if (whole === "") return [];
  const below = `${whole}/`;
  return [inEitherForm((compared) => compared === whole || compared.startsWith(below))];
}

/** The raw path goes on, and apps differ in whether they resolve dot segments: neither of the two leads around a plugin. */
function inEitherForm(fits: (path: string) => boolean): Matcher {
  return (facts) => {
    if (fits(withoutParameters(facts.normalisedPath))) return true;
    const { unresolvedPath } = facts;
    return unresolvedPath !== undefined && fits(withoutParameters(unresolvedPath));
  };
}

/** `/a;v=1/b` → `/a/b` (RFC 3986 §3.3). */
function withoutParameters(path: string): string {
  if (!path.includes(";")) return path;
  return path
    .split("/")
    .map((segment) => segment.split(";", 1)[0])
    .join("/");
}

function methodMatcher(methods: readonly string[]): Matcher {
  return (facts) => methods.includes(facts.method);
}

function headerMatcher({ name, value }: HeaderMatch): Matcher {
  const lowerName = name.toLowerCase();
  if ("present" in value) return ({ headers }) => headers.indexOf(lowerName) >= 0 === value.present;
  const fits =
    "exact" in value
      ? (text: string): boolean => text === value.exact
      : (text: string): boolean => text.startsWith(value.prefix);
  return ({ headers }) => anyValue(headers, lowerName, fits);
}

function anyValue(headers: HeaderBlock, lowerName: string, fits: (text: string) => boolean): boolean {
  for (let i = headers.indexOf(lowerName); i >= 0; i = headers.indexOf(lowerName, i + 1))
    if (fits(headers.value(i))) return true;
  return false;
}

/** Holds for this share of the requests: the same ones on every node. `key` undefined: the remote address. */
export function compileShare(percentage: number, key: BucketKey | undefined, salt: string): Matcher {
  const limit = Math.round((percentage / 100) * BUCKETS);
  const saltHash = hashText(salt);
  const named = namedKey(key ?? { kind: "remote_address" });
  // An empty value tells users apart no better than none.
  return (facts) => bucketOf(saltHash, named(facts.headers) || facts.remoteIp) < limit;
}

function namedKey(key: BucketKey): (headers: HeaderBlock) => string | undefined {
  if (key.kind === "remote_address") return () => undefined;
  if (key.kind === "cookie") return (headers) => cookieValue(headers, key.name);
  const lowerName = key.name.toLowerCase();
  return (headers) => headers.get(lowerName);
}
