import { addressAllowed } from "../../core/address-reach.ts";

/**
 * Why a webhook's URL is not called; undefined: it is. Receivers may be in private networks and on this machine, but
 * never at link-local and metadata addresses, which answer whoever asks from here with more than they should.
 */
export function urlProblem(url: URL): string | undefined {
  if (url.protocol !== "https:" && url.protocol !== "http:") return "expected http:// or https://";
  if (url.username !== "" || url.password !== "") return "expected no credentials in the address";
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const literal = host.includes(":") || /^[\d.]+$/.test(host);
  return literal && !addressAllowed(host, "loopback")
    ? `${host} is an address that is never called`
    : undefined;
}
