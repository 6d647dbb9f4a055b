import { execFileSync } from "node:child_process";
import { Readable } from "node:stream";

import { expect, test } from "vitest";

import { ApiClient } from "../../control-plane/api/contract/client.ts";
import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { ArtifactDownloads } from "../../sidecar/control/artifact-download.ts";
import { ArtifactSource } from "../../sidecar/control/artifact-source.ts";
import { ControlLink } from "../../sidecar/control/control-link.ts";
import type { CredentialSettings } from "../../sidecar/control/credentials.ts";
import { certificate, certificatePath } from "../support/certificates.ts";
import { TestControlPlane } from "../support/control-plane.ts";
import { taggerZip } from "../support/controlled-sidecar.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

// A whole control plane that asks clients for a certificate on both ports, and a sidecar's own clients of both.

const SHOWN = { cert: certificatePath("client.pem"), key: certificatePath("client.key") };
const PATIENCE = 30_000;

class GuardedPlane implements AsyncDisposable {
  readonly plane: TestControlPlane;
  readonly admin: ApiClient;
  readonly token: string;
  readonly folder: TemporaryFolder;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    parts: Pick<GuardedPlane, "plane" | "admin" | "token" | "folder">,
  ) {
    this.#stack = stack;
    this.plane = parts.plane;
    this.admin = parts.admin;
    this.token = parts.token;
    this.folder = parts.folder;
  }

  static async start(): Promise<GuardedPlane> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await TemporaryFolder.create());
    const settings = {
      tlsCertificate: certificatePath("server.pem"),
      tlsKey: certificatePath("server.key"),
      tlsClientAuthority: certificatePath("ca.pem"),
    };
    const plane = stack.use(await TestControlPlane.start({ settings }));
    const admin = stack.use(
      new ApiClient({
        baseUrl: `https://127.0.0.1:${plane.ports.api}`,
        token: plane.adminSecret,
        ca: certificate("ca.pem").toString(),
        clientCertificate: {
          certificate: certificate("client.pem").toString(),
          key: certificate("client.key").toString(),
        },
      }),
    );
    const domain = { name: "shop", description: "", versionApproval: false };
    await admin.call("putDomain", { params: { domain: "shop" }, body: domain });
    const rules = { environment: "test", requiredApprovals: 0, rollbackApproval: false };
    const cluster = { name: "demo", domain: "shop", ...rules };
    await admin.call("putCluster", { params: { cluster: "demo" }, body: cluster });
    const grants = [{ role: "node" as const, scope: { kind: "all" as const } }];
    const { secret } = await admin.call("createToken", { body: { name: "web-1", grants, node: "web-1" } });
    return new GuardedPlane(stack.move(), { plane, admin, token: secret, folder });
  }

  credentialsWith(shown: Pick<CredentialSettings, "cert" | "key">): CredentialSettings {
    return { ca: certificatePath("ca.pem"), token: this.token, tokenFile: "", tls: false, ...shown };
  }

  /** What becomes of the sidecar's stream that shows this: `welcome`, or the first trouble that it has. */
  async streamWith(shown: Pick<CredentialSettings, "cert" | "key">): Promise<string> {
    const outcome = Promise.withResolvers<string>();
    const write = (line: string): void => void (line.includes("not connected") && outcome.resolve("trouble"));
    await using _link = new ControlLink({
      target: `127.0.0.1:${this.plane.ports.push}`,
      credentials: this.credentialsWith(shown),
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

  async nodes(): Promise<readonly string[]> {
    return (await this.admin.call("listNodes", {})).items.map(({ id }) => id);
  }

  /** Resolves when a node of this name is known. */
  async knows(node: string): Promise<void> {
    for await (const { items } of this.admin.watch("listNodes", {}))
      if (items.some(({ id }) => id === node)) return;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** A certificate that signed itself. */
async function strangers(folder: TemporaryFolder): Promise<Pick<CredentialSettings, "cert" | "key">> {
  const shown = { cert: folder.join("stranger.pem"), key: folder.join("stranger.key") };
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2", "-subj", "/CN=x"];
  const files = ["-keyout", shown.key, "-out", shown.cert];
  execFileSync("openssl", ["req", "-x509", "-nodes", ...kind, ...files], { stdio: "ignore" });
  return shown;
}

test(
  "a sidecar's stream gets in with a certificate of the authority, and with no other and none it does not",
  { timeout: PATIENCE },
  async () => {
    await using guarded = await GuardedPlane.start();

    expect(await guarded.streamWith(await strangers(guarded.folder))).toBe("trouble");
    expect(await guarded.streamWith({ cert: "", key: "" })).toBe("trouble");
    expect(await guarded.nodes()).toEqual([]);

    expect(await guarded.streamWith(SHOWN)).toBe("welcome");
    await guarded.knows("web-1");
  },
);

test("a sidecar's downloads show the same certificate", { timeout: PATIENCE }, async () => {
  await using guarded = await GuardedPlane.start();
  const { admin, folder, plane } = guarded;
  const plugin = { name: "tagger", domain: "shop", description: "", owners: ["admin"] };
  await admin.call("putPlugin", { params: { plugin: "tagger" }, body: plugin });
  const zip = taggerZip("tagger", "1.0.0");
  const file = { name: "tagger.zip", size: zip.length, bytes: Readable.from([zip]) };
  const { digest } = await admin.upload({ plugin: "tagger" }, file);
  const wanted = { plugin: "tagger", version: "1.0.0", digest, size: zip.length, config: undefined };
  const sourceWith = (shown: Pick<CredentialSettings, "cert" | "key">): ArtifactSource =>
    new ArtifactSource(
      `https://127.0.0.1:${plane.ports.api}`,
      `127.0.0.1:${plane.ports.push}`,
      { ...guarded.credentialsWith(shown), token: plane.adminSecret },
      new ArtifactDownloads(folder.join("downloads"), 1_000_000),
    );
  const { signal } = new AbortController();

  for (const shown of [await strangers(folder), { cert: "", key: "" }])
    await expect(sourceWith(shown).download(wanted, signal)).rejects.toMatchObject({ retryable: true });
  expect((await sourceWith(SHOWN).download(wanted, signal)).equals(zip)).toBe(true);
});
