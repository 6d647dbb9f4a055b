import { isAuthority, isAuthorityWithPort } from "../authority.ts";

/** A request target taken apart; `authority` is undefined where Host says it. */
export type RequestTarget =
  | { readonly kind: "target"; readonly target: string; readonly authority: string | undefined }
  | { readonly kind: "refused"; readonly detail: string };

const SLASH = 0x2f;
const SCHEME = "http://";

/**
 * RFC 9112 §3.2, case by case. The bytes were checked already: visible ASCII without `#`, since a fragment never
 * belongs on a wire and those who ignore it and those who do not would read two targets.
 */
export function readTarget(method: string, raw: string): RequestTarget {
  // §3.2.3: CONNECT takes a host and a port and nothing else; nobody else takes that form.
  if (method === "CONNECT") {
    if (!isAuthorityWithPort(raw)) return refused("CONNECT takes host:port as its target");
    return { kind: "target", target: "", authority: raw };
  }
  // §3.2.1
  if (raw.charCodeAt(0) === SLASH) return { kind: "target", target: raw, authority: undefined };
  // §3.2.4
  if (raw === "*" && method === "OPTIONS") return { kind: "target", target: raw, authority: undefined };
  return absoluteTarget(method, raw);
}

/** §3.2.2: the authority of an absolute target stands above Host, and what is behind it goes on in origin form. */
function absoluteTarget(method: string, raw: string): RequestTarget {
  if (raw.slice(0, SCHEME.length).toLowerCase() !== SCHEME)
    return refused("the request target is neither a path nor an http:// address");
  const end = endOfAuthority(raw);
  const authority = raw.slice(SCHEME.length, end);
  if (!isAuthority(authority)) return refused("the request target has no legal host");
  return { kind: "target", target: originForm(method, raw.slice(end)), authority };
}

function endOfAuthority(raw: string): number {
  let at = SCHEME.length;
  while (at < raw.length && raw[at] !== "/" && raw[at] !== "?") at++;
  return at;
}

/** RFC 9110 §4.2.1: an empty path is `/`; for OPTIONS without a query it is the server as a whole (RFC 9112 §3.2.4). */
function originForm(method: string, rest: string): string {
  if (rest.startsWith("/")) return rest;
  return rest === "" && method === "OPTIONS" ? "*" : `/${rest}`;
}

function refused(detail: string): RequestTarget {
  return { kind: "refused", detail };
}
