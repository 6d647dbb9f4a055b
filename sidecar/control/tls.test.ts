import { copyFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { systemClock } from "../../core/clock.ts";
import { createLogger } from "../../core/log.ts";
import { certificatePath } from "../../test/support/certificates.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import { ScriptedControlPlane } from "../../test/support/scripted-control-plane.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { ArtifactDownloads } from "./artifact-download.ts";
import { ArtifactSource } from "./artifact-source.ts";
import { ControlLink } from "./control-link.ts";
import type { CredentialSettings } from "./credentials.ts";

const SHOWN = { cert: certificatePath("client.pem"), key: certificatePath("client.key") };

function credentialsWith(more: Partial<CredentialSettings>): CredentialSettings {
  return { ca: "", cert: "", key: "", token: "", tokenFile: "", tls: false, ...more };
}

/** A link, and a promise of its first trouble. */
function linkTo(port: number, credentials: CredentialSettings) {
  const trouble = Promise.withResolvers<void>();
  const write = (line: string): void => void (line.includes("not connected") && trouble.resolve());
  const link = new ControlLink({
    target: `127.0.0.1:${port}`,
    credentials,
    hello: () => ({ apiVersions: ["mesh.v1"], node: "n", cluster: "c", service: "s" }),
    events: () => ({ welcome: () => {}, message: () => {} }),
    clock: systemClock,
    log: createLogger("warn", { write }),
  });
  return { link, trouble: trouble.promise };
}

test("the stream is TLS with the node's certificate, and a CA that takes another's place is believed", async () => {
  await using folder = await TemporaryFolder.create();
  const ca = folder.join("ca.pem");
  await copyFile(certificatePath("other-ca.pem"), ca);
  await using plane = await ScriptedControlPlane.start({ tls: true });
  const { link, trouble } = linkTo(plane.port, credentialsWith({ ca, ...SHOWN }));
  await using _ = link;
  await trouble;
  expect(plane.streams).toEqual([]);

  await copyFile(certificatePath("ca.pem"), ca);
  await plane.connected();
});

test("a node that shows no certificate does not get in where one is asked for", async () => {
  await using plane = await ScriptedControlPlane.start({ tls: true });
  const { link, trouble } = linkTo(plane.port, credentialsWith({ ca: certificatePath("ca.pem") }));
  await using _ = link;
  await trouble;
  expect(plane.streams).toEqual([]);
});

test("packages come by TLS with the same credentials", async () => {
  await using folder = await TemporaryFolder.create();
  await using plane = await ScriptedControlPlane.start({ tls: true });
  const wanted = plane.publish("tagger", "1.0.0", pluginZip());
  const sourceWith = (ca: "ca.pem" | "other-ca.pem"): ArtifactSource =>
    new ArtifactSource(
      String(plane.settings["controlPlaneArtifacts"]),
      `127.0.0.1:${plane.port}`,
      credentialsWith({ ca: certificatePath(ca), ...SHOWN }),
      new ArtifactDownloads(folder.path, 1_000_000),
    );
  const { signal } = new AbortController();

  await expect(sourceWith("other-ca.pem").download(wanted, signal)).rejects.toMatchObject({
    retryable: true,
  });
  expect(await sourceWith("ca.pem").download(wanted, signal)).toHaveLength(wanted.size);
});
