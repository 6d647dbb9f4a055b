import { expect, test } from "vitest";

import type { CredentialSettings } from "../../sidecar/control/credentials.ts";
import { TestControlPlane } from "../support/control-plane.ts";
import { MadeCertificates } from "../support/made-certificates.ts";
import { artifactSource, streamOutcome } from "../support/node-connection.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

// What a sidecar says where its settings do not fit the control plane's ports: which setting to look at.

/** A control plane that shows the certificate `shown`, or speaks no TLS, and what a sidecar makes of it. */
async function met(made: MadeCertificates, folder: TemporaryFolder, shown: string | undefined) {
  const settings = shown === undefined ? {} : made.served(shown);
  const plane = await TestControlPlane.start({ settings });
  const digest = "a".repeat(64);
  const wanted = { plugin: "tagger", version: "1.0.0", digest, size: 10, config: undefined };
  return {
    plane,
    stream: (credentials: Partial<CredentialSettings>) => streamOutcome(plane.ports.push, credentials),
    download: async (scheme: "http" | "https", credentials: Partial<CredentialSettings>): Promise<string> => {
      const source = artifactSource(plane, `${scheme}://127.0.0.1:${plane.ports.api}`, folder, credentials);
      const failed = source.download(wanted, new AbortController().signal).then(
        () => "nothing failed",
        (thrown: Error) => thrown.message,
      );
      return await failed;
    },
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  };
}

async function certificates() {
  const folder = await TemporaryFolder.create();
  const made = new MadeCertificates(folder)
    .make("server")
    .make("other")
    .make("old", { days: -1 })
    .make("far", { names: "DNS:far.example" });
  const ca = (name: string): Partial<CredentialSettings> => ({ ca: made.paths(name).cert });
  return { folder, made, ca, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test("without TLS to ports that speak it: --control-plane-tls and --control-plane-ca are named", async () => {
  await using files = await certificates();
  await using plane = await met(files.made, files.folder, "server");

  expect(await plane.stream({})).toMatch(/^it speaks TLS: set --control-plane-tls, or --control-plane-ca/);
  expect(await plane.download("http", {})).toMatch(/: it speaks TLS: set --control-plane-tls .*https:\/\//);
});

test("with TLS to ports that do not speak it: what is to be taken away is named", async () => {
  await using files = await certificates();
  await using plane = await met(files.made, files.folder, undefined);

  expect(await plane.stream({ tls: true })).toMatch(/^it does not speak TLS: take away --control-plane-tls,/);
  expect(await plane.download("https", { tls: true })).toMatch(
    /: it does not speak TLS: .*--control-plane-artifacts/,
  );
});

test.for([
  [
    "of no authority that is known",
    "server",
    { tls: true },
    "name who has signed it with --control-plane-ca",
  ],
  [
    "of another authority than was given",
    "server",
    "other",
    "not signed by the authority in --control-plane-ca",
  ],
  [
    "that has expired",
    "old",
    "old",
    "has expired: it has to be renewed where the control plane's --tls-cert",
  ],
  [
    "for another name",
    "far",
    "far",
    "its certificate is for DNS:far.example: use such a name in the address",
  ],
] as const)("a certificate %s is told as that", async ([, shown, believed, told]) => {
  await using files = await certificates();
  await using plane = await met(files.made, files.folder, shown);
  const credentials = typeof believed === "string" ? files.ca(believed) : believed;

  expect(await plane.stream(credentials)).toContain(told);
  expect(await plane.download("https", credentials)).toContain(told);
});

test.for([
  ["without TLS", undefined],
  ["with TLS", "server"],
] as const)("the port of the API, %s, is told from that of the streams", async ([, shown]) => {
  await using files = await certificates();
  await using plane = await met(files.made, files.folder, shown);
  const credentials = shown === undefined ? {} : files.ca(shown);

  expect(await streamOutcome(plane.plane.ports.api, credentials)).toContain("streams (7401)");
});
