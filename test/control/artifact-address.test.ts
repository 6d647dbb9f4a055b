import { Readable } from "node:stream";

import { expect, test } from "vitest";

import { readSettings as readControlPlaneSettings } from "../../control-plane/settings-source.ts";
import { ArtifactDownloads } from "../../sidecar/control/artifact-download.ts";
import { ArtifactSource } from "../../sidecar/control/artifact-source.ts";
import { readSettings as readSidecarSettings } from "../../sidecar/settings-source.ts";
import { TestControlPlane } from "../support/control-plane.ts";
import { taggerZip } from "../support/controlled-sidecar.ts";
import { fixedPort } from "../support/fixed-port.ts";
import { TestNode } from "../support/test-node.ts";

/** A control plane with one package, started with `--artifact-url` as `url` makes it of the address of its API; empty: without. */
async function planeWithPackage(url: (origin: string) => string) {
  const port = await fixedPort();
  const origin = `http://127.0.0.1:${port}`;
  const told = url(origin);
  const flags = told === "" ? [] : ["--artifact-url", told];
  const { values } = await readControlPlaneSettings(flags, {});
  const settings = { api: { host: "127.0.0.1", port }, artifactUrl: values.artifactUrl };
  const plane = await (await TestControlPlane.start({ settings })).withClusters();
  const plugin = { name: "tagger", domain: "shop", description: "", owners: ["admin"] };
  await plane.admin.call("putPlugin", { params: { plugin: "tagger" }, body: plugin });
  const zip = taggerZip("tagger", "1.0.0");
  const file = { name: "tagger.zip", size: zip.length, bytes: Readable.from([zip]) };
  const { digest } = await plane.admin.upload({ plugin: "tagger" }, file);
  const token = await plane.token("node", { kind: "all" }, "web-1");
  const wanted = { plugin: "tagger", version: "1.0.0", digest, size: zip.length, config: undefined };
  const sourceWith = (setting: string): ArtifactSource => {
    const credentials = { ca: "", cert: "", key: "", token: plane.adminSecret, tokenFile: "", tls: false };
    const downloads = new ArtifactDownloads(plane.folder.join("downloads"), 1_000_000);
    return new ArtifactSource(setting, `127.0.0.1:${plane.ports.push}`, credentials, downloads);
  };
  return {
    plane,
    origin,
    zip,
    token,
    wanted,
    sourceWith,
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  };
}

const { signal } = new AbortController();

test.for([
  ["an origin", (origin: string) => origin],
  ["an origin with a slash", (origin: string) => `${origin}/`],
  ["a folder", (origin: string) => `${origin}/api/v1/artifacts`],
  ["nothing but the port of the API", () => ""],
] as const)("nodes that are told %s download from there", async ([, url]) => {
  await using on = await planeWithPackage(url);
  await using node = TestNode.greet(on.plane.ports.push, "web-1", {
    token: on.token,
    hello: { cluster: "demo" },
  });
  const { artifacts, apiPort } = await node.next("welcome");
  const source = on.sourceWith("");
  source.announced(artifacts, apiPort);

  const zip = await source.download(on.wanted, signal);

  expect(zip.equals(on.zip)).toBe(true);
});

test("a node's own setting takes the control plane's address too, and one with a path is a mirror's folder", async () => {
  await using on = await planeWithPackage((origin) => origin);

  const zip = await on.sourceWith(on.origin).download(on.wanted, signal);
  const elsewhere = on
    .sourceWith(`${on.origin}/mirror`)
    .download({ ...on.wanted, digest: "0".repeat(64) }, signal);

  expect(zip.equals(on.zip)).toBe(true);
  await expect(elsewhere).rejects.toThrow(`${on.origin}/mirror/${"0".repeat(64)}`);
});

test.for(["control-plane:7400", "ftp://mirror/", "https://mirror/x?signature=1"])(
  "%s is no address to download from, and refused at the start of both",
  async (address) => {
    const message = /expected an address such as https:\/\/control-plane:7400/;

    await expect(readControlPlaneSettings(["--artifact-url", address], {})).rejects.toThrow(message);
    await expect(readSidecarSettings(["--control-plane-artifacts", address], {})).rejects.toThrow(message);
  },
);
