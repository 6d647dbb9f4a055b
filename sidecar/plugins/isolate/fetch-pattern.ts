/**
 * A plugin's permission to fetch, from its manifest: `https://auth.internal/*`, `http://127.0.0.1:9000/status`,
 * `https://*.example.com:8443/v1/*`. The scheme is http or https; the host is a name, an address, `*.NAME` or `*`;
 * the port is the scheme's own unless written. In the path `*` stands for any number of chars; the path is compared
 * without the query, of which the pattern says nothing unless it has one itself: then `*` works there too.
 */
export interface FetchPattern {
  readonly text: string;
  /** What an address behind this pattern may be; see core/address-reach. */
  readonly reach: FetchReach;
  matches(url: URL): boolean;
}

/**
 * How near a pattern lets a plugin come: `public` addresses only (a host with a wildcard, which a stranger's DNS
 * might answer for), `private` networks too (a host written in full), or `loopback` too (the loopback itself named).
 */
export const FETCH_REACHES = ["public", "private", "loopback"] as const;
export type FetchReach = (typeof FETCH_REACHES)[number];

const SHAPE = /^(https?):\/\/([^/?#@:[\]]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?(\/[^#\s]*)$/;
const HOST = /^(?:\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\])$/;
const LOOPBACK = /^(?:localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/** Reads a pattern; a string says what is wrong with it, for the person who wrote it. */
export function parseFetchPattern(text: string): FetchPattern | string {
  const shape = SHAPE.exec(text);
  if (shape === null)
    return `'${text}' is not a fetch pattern: expected http(s)://HOST[:PORT]/PATH such as https://auth.internal/*`;
  const [, scheme = "", rawHost = "", port = "", rest = "/"] = shape;
  const host = rawHost.toLowerCase();
  if (!HOST.test(host)) return `'${text}': host '${rawHost}' must be a name, an address, '*.NAME' or '*'`;
  if (Number(port) > 65_535) return `'${text}': port ${port} is above 65535`;
  const protocol = `${scheme}:`;
  const [path, query] = splitAtQuery(rest);
  const wantedPort = port === "" ? DEFAULT_PORTS[protocol] : String(Number(port));
  return {
    text,
    reach: reachOf(host),
    matches: (url) =>
      url.protocol === protocol &&
      portOf(url) === wantedPort &&
      hostMatches(host, url.hostname) &&
      globMatches(path, url.pathname) &&
      (query === undefined || globMatches(query, url.search.slice(1))) &&
      !climbs(url.pathname),
  };
}

function splitAtQuery(text: string): readonly [path: string, query: string | undefined] {
  const mark = text.indexOf("?");
  return mark < 0 ? [text, undefined] : [text.slice(0, mark), text.slice(mark + 1)];
}

/**
 * Whether a server that decodes before it resolves would see `..` here: URLs resolve it, but not behind an encoded
 * slash (`/v1/..%2Fadmin`) or with a parameter (`/v1/..;/admin`), and no pattern means those.
 */
function climbs(path: string): boolean {
  if (!path.includes("..") && !/%2e/i.test(path)) return false;
  const decoded = path.replaceAll(/%2e/gi, ".").replaceAll(/%2f|%5c/gi, "/");
  return decoded.split("/").some((segment) => segment.split(";", 1)[0] === "..");
}

/** The port that a URL of http or https means, in digits. */
export function portOf({ port, protocol }: URL): string {
  return port === "" ? (DEFAULT_PORTS[protocol] ?? "") : port;
}

function reachOf(host: string): FetchReach {
  if (host.includes("*")) return "public";
  return LOOPBACK.test(host) ? "loopback" : "private";
}

function hostMatches(pattern: string, host: string): boolean {
  if (pattern === "*") return true;
  if (pattern.startsWith("*.")) return host.endsWith(pattern.slice(1)) && host.length >= pattern.length;
  return host === pattern;
}

/** `*` is any number of chars. Greedy with one place to come back to, so never worse than length times length. */
export function globMatches(pattern: string, text: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (pattern[from] === "*") {
      star = from++;
      resume = at;
    } else if (from < pattern.length && pattern[from] === text[at]) {
      from++;
      at++;
    } else if (star >= 0) {
      from = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[from] === "*") from++;
  return from === pattern.length;
}
