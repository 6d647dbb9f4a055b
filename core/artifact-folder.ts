/** Of the control plane's API. */
export const ARTIFACTS_PATH = "/api/v1/artifacts/";

/**
 * The URL that a package's digest is put behind. An address without a path (`https://control-plane:7400`) is a control
 * plane, which has its packages in `ARTIFACTS_PATH`; one with a path is the folder itself, a mirror's say.
 */
export function artifactFolder(address: string): string {
  const url = new URL(address);
  if (url.pathname === "/") return new URL(ARTIFACTS_PATH, url).href;
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}
