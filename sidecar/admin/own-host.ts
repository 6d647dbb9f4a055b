import { isIP } from "node:net";

/** `host:port`, host perhaps in brackets. */
const AUTHORITY = /^(?:\[([0-9a-f:.]+)\]|([^:@/[\]]+))(?::\d{1,5})?$/i;

/**
 * Whether a Host field names this server itself and not some name that was made to point here (DNS rebinding):
 * IP addresses, `localhost`, and the host it was told to listen on.
 */
export function isOwnHost(field: string | undefined, ownHost: string): boolean {
  const match = AUTHORITY.exec(field ?? "");
  const host = (match?.[1] ?? match?.[2])?.toLowerCase();
  if (host === undefined) return false;
  return isIP(host) !== 0 || host === "localhost" || host === ownHost.toLowerCase();
}

/** Whether a browser says that another site's page makes this request; other clients say nothing. */
export function fromOtherSite(headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  const { origin, host } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  return origin !== undefined && origin !== `http://${String(host)}`;
}
