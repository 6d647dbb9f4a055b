import { Readable } from "node:stream";

import { expect, test } from "vitest";

import type { CredentialSettings } from "../../sidecar/control/credentials.ts";
import { TestControlPlane } from "../support/control-plane.ts";
import { taggerZip } from "../support/controlled-sidecar.ts";
import { MadeCertificates } from "../support/made-certificates.ts";
import { artifactSource, streamOutcome } from "../support/node-connection.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

// A whole control plane that asks clients for a certificate on both ports, and a sidecar's own clients of both.

const PATIENCE = 30_000;

async function guardedPlane() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await TemporaryFolder.create());
  const made = new MadeCertificates(folder).make("server").make("node").make("stranger");
  const trust = { ca: made.texts("server").certificate, clientCertificate: made.texts("node") };
  const settings = made.served("server", "node");
  const plane = stack.use(await TestControlPlane.start({ settings, trust }));
  await plane.withClusters();
  const token = await plane.token("node", { kind: "all" }, "web-1");
  const owned = stack.move();
  return {
    plane,
    folder,
    /** Settings of a node that shows this certificate, or none. */
    showing: (name: string | undefined): Partial<CredentialSettings> => {
      const shown = name === undefined ? {} : made.paths(name);
      return { ca: made.paths("server").cert, token, ...shown };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test(
  "a sidecar's stream gets in with a certificate of the authority, and with no other and none it does not",
  { timeout: PATIENCE },
  async () => {
    await using guarded = await guardedPlane();
    const { ports, admin } = guarded.plane;

    expect(await streamOutcome(ports.push, guarded.showing("stranger"))).toMatch(
      /^it does not take the certificate that was shown, of --control-plane-cert: see .*--tls-client-authority/,
    );
    expect(await streamOutcome(ports.push, guarded.showing(undefined))).toBe(
      "it wants a certificate of this node, and none was shown: set --control-plane-cert and --control-plane-key",
    );
    expect((await admin.call("listNodes", {})).items).toEqual([]);

    expect(await streamOutcome(ports.push, guarded.showing("node"))).toBe("welcome");
    for await (const { items } of admin.watch("listNodes", {}))
      if (items.some(({ id }) => id === "web-1")) break;
  },
);

test("a sidecar's downloads show the same certificate", { timeout: PATIENCE }, async () => {
  await using guarded = await guardedPlane();
  const { plane, folder } = guarded;
  const { admin } = plane;
  const plugin = { name: "tagger", domain: "shop", description: "", owners: ["admin"] };
  await admin.call("putPlugin", { params: { plugin: "tagger" }, body: plugin });
  const zip = taggerZip("tagger", "1.0.0");
  const file = { name: "tagger.zip", size: zip.length, bytes: Readable.from([zip]) };
  const { digest } = await admin.upload({ plugin: "tagger" }, file);
  const wanted = { plugin: "tagger", version: "1.0.0", digest, size: zip.length, config: undefined };
  const download = (shown: string | undefined): Promise<Buffer> => {
    const settings = { ...guarded.showing(shown), token: plane.adminSecret };
    return artifactSource(plane, plane.baseUrl, folder, settings).download(
      wanted,
      new AbortController().signal,
    );
  };

  await expect(download("stranger")).rejects.toMatchObject({
    retryable: true,
    message: expect.stringContaining("it does not take the certificate that was shown"),
  });
  await expect(download(undefined)).rejects.toMatchObject({
    retryable: true,
    message: expect.stringContaining("set --control-plane-cert and --control-plane-key"),
  });
  expect((await download("node")).equals(zip)).toBe(true);
});
