import { Agent } from "undici";

import { artifactFolder, ARTIFACTS_PATH } from "../../core/artifact-folder.ts";
import { requestTrouble } from "../../core/connections/request-trouble.ts";
import { messageOf } from "../../core/errors.ts";
import { artifactAdvice } from "./connection-advice.ts";
import { DownloadError, type ArtifactDownloads } from "./artifact-download.ts";
import {
  readCredentials,
  type Credentials,
  type CredentialSettings,
  type TlsMaterial,
} from "./credentials.ts";
import type { WantedPackage } from "./resource.ts";

/** Of the control plane's API, unless somebody says otherwise. */
const API_PORT = 7400;

/** Where a node gets artifacts: its own setting, else what the control plane says, else beside its stream. */
export class ArtifactSource {
  readonly #setting: string;
  readonly #target: string;
  readonly #credentials: CredentialSettings;
  readonly #downloads: ArtifactDownloads;
  #announced = "";
  #apiPort = API_PORT;

  /** `setting`: empty where there is none. `target`: `host:port` of the control plane's stream. */
  constructor(
    setting: string,
    target: string,
    credentials: CredentialSettings,
    downloads: ArtifactDownloads,
  ) {
    this.#setting = setting;
    this.#target = target;
    this.#credentials = credentials;
    this.#downloads = downloads;
  }

  /** What the control plane said of where they are, by address, and by the port of its API; empty, 0: nothing. */
  announced(url: string, apiPort: number): void {
    this.#announced = url;
    this.#apiPort = apiPort === 0 ? API_PORT : apiPort;
  }

  /** Throws a `DownloadError`. */
  async download(wanted: WantedPackage, signal: AbortSignal): Promise<Buffer> {
    const { tls, token } = await this.#currentCredentials();
    const url = this.#url(tls === undefined ? "http" : "https");
    const dispatcher = new Agent({ connect: { ...tls }, pipelining: 1 });
    const headers: Record<string, string> = token === "" ? {} : { authorization: `Bearer ${token}` };
    try {
      return await this.#downloads.fetch(wanted, { url, headers, dispatcher }, signal);
    } catch (thrown) {
      throw await explained(thrown, new URL(url), tls, signal);
    } finally {
      await dispatcher.destroy();
    }
  }

  /** Read for each download: they are rare, and certificates change. */
  async #currentCredentials(): Promise<Credentials> {
    try {
      return await readCredentials(this.#credentials);
    } catch (thrown) {
      throw new DownloadError(messageOf(thrown), thrown);
    }
  }

  /** What was announced over TLS must be TLS too, since the token goes there; the node's own setting may differ. */
  #url(scheme: "http" | "https"): string {
    const given = this.#setting === "" ? this.#announced : this.#setting;
    if (scheme === "https" && this.#setting === "" && given.startsWith("http:"))
      throw new DownloadError(
        `the control plane says that packages are at ${given}, without TLS, where the node's token could be read: ` +
          "serve them by TLS, or set --control-plane-artifacts",
      );
    if (given !== "" && !URL.canParse(given))
      throw new DownloadError(`the control plane says that packages are at ${given}, which is no URL`);
    if (given !== "") return artifactFolder(given);
    const host = this.#target.slice(0, this.#target.lastIndexOf(":"));
    return `${scheme}://${host}:${this.#apiPort}${ARTIFACTS_PATH}`;
  }
}

/** A connection that failed, with what to do about it; anything else as it is. */
async function explained(
  thrown: unknown,
  url: URL,
  tls: TlsMaterial | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(thrown instanceof DownloadError)) return thrown;
  const trouble = await requestTrouble(thrown.cause, url, tls ?? NOTHING, signal);
  if (trouble === undefined) return thrown;
  return new DownloadError(`${url.origin}: ${artifactAdvice(trouble, tls?.ca !== undefined)}`, thrown);
}

const NOTHING: TlsMaterial = { ca: undefined, cert: undefined, key: undefined };
