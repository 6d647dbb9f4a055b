import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { ArtifactDownloads } from "../../sidecar/control/artifact-download.ts";
import { ArtifactSource } from "../../sidecar/control/artifact-source.ts";
import { ControlLink } from "../../sidecar/control/control-link.ts";
import type { CredentialSettings } from "../../sidecar/control/credentials.ts";
import type { TestControlPlane } from "./control-plane.ts";
import type { TemporaryFolder } from "./temporary-folder.ts";

/** What a node's settings say of a connection; what is left out is not set. */
export function credentialsWith(settings: Partial<CredentialSettings>): CredentialSettings {
  return { ca: "", cert: "", key: "", token: "", tokenFile: "", tls: false, ...settings };
}

/** What becomes of a sidecar's stream to this port of 127.0.0.1: `welcome`, or the first trouble that it logs. */
export async function streamOutcome(port: number, settings: Partial<CredentialSettings>): Promise<string> {
  const outcome = Promise.withResolvers<string>();
  const write = (line: string): void => {
    const { msg, reason } = JSON.parse(line) as { readonly msg: string; readonly reason?: string };
    if (msg.includes("not connected")) outcome.resolve(reason ?? "");
  };
  await using _link = new ControlLink({
    target: `127.0.0.1:${port}`,
    credentials: credentialsWith(settings),
    hello: () => ({
      apiVersions: ["mesh.v1"],
      node: "web-1",
      cluster: "demo",
      service: "shop",
      version: "0.1.0",
      platform: "linux/amd64",
      incarnation: "web-1-1",
    }),
    events: () => ({ welcome: () => outcome.resolve("welcome"), message: () => {} }),
    clock: systemClock,
    log: createLogger("warn", { write }),
  });
  return await outcome.promise;
}

/** Where a sidecar with these settings gets its packages; `artifacts`: as its setting names it. */
export function artifactSource(
  { ports }: Pick<TestControlPlane, "ports">,
  artifacts: string,
  folder: TemporaryFolder,
  settings: Partial<CredentialSettings>,
): ArtifactSource {
  const downloads = new ArtifactDownloads(folder.join("downloads"), 1_000_000);
  return new ArtifactSource(artifacts, `127.0.0.1:${ports.push}`, credentialsWith(settings), downloads);
}
