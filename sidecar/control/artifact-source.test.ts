import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, test } from "vitest";

import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { ArtifactDownloads } from "./artifact-download.ts";
import { ArtifactSource } from "./artifact-source.ts";

const ZIP = randomBytes(100);
const WANTED = {
  plugin: "guard",
  version: "1.0.0",
  digest: createHash("sha256").update(ZIP).digest("hex"),
  size: ZIP.length,
  config: undefined,
};
const CREDENTIALS = { ca: "", cert: "", key: "", token: "sluice_secret", tokenFile: "", tls: true };

/** A plain HTTP server of packages that notes the tokens it was shown. */
async function plainServer() {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await TemporaryFolder.create());
  const shown: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    shown.push(request.headers.authorization);
    response.end(ZIP);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const source = (setting: string): ArtifactSource =>
    new ArtifactSource(setting, "127.0.0.1:1", CREDENTIALS, new ArtifactDownloads(folder.path, 1_000));
  return { url, shown, source, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("a plain address that was announced over TLS does not get the token", async () => {
  await using server = await plainServer();
  const source = server.source("");
  source.announced(server.url, 0);

  const download = source.download(WANTED, new AbortController().signal);

  await expect(download).rejects.toMatchObject({
    code: "artifact_unavailable",
    message: expect.stringContaining("set --control-plane-artifacts") as string,
  });
  expect(server.shown).toEqual([]);
});

test("what is announced and is no URL is an error of the download", async () => {
  await using server = await plainServer();
  const source = server.source("");
  source.announced("nowhere", 0);

  const download = source.download(WANTED, new AbortController().signal);

  await expect(download).rejects.toMatchObject({ code: "artifact_unavailable", retryable: true });
});

test("a plain address in the node's own settings is the operator's word", async () => {
  await using server = await plainServer();

  const zip = await server.source(server.url).download(WANTED, new AbortController().signal);

  expect(zip.equals(ZIP)).toBe(true);
  expect(server.shown).toEqual(["Bearer sluice_secret"]);
});
