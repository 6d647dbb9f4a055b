import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

import { Agent } from "undici";
import { expect, test } from "vitest";

import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { ArtifactDownloads } from "./artifact-download.ts";

const ZIP = randomBytes(1_000);
const ARTIFACT = { digest: createHash("sha256").update(ZIP).digest("hex"), size: ZIP.length };
const LIMIT = 64 * 1024;

/** A folder for downloads, and a server that answers as the test says; `asked` are the ranges in order. */
async function setUp(answer: RequestListener) {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await TemporaryFolder.create());
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.headers.range ?? "all"} ${request.headers.authorization ?? ""}`);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stack.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const dispatcher = new Agent();
  stack.defer(() => dispatcher.destroy());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const downloads = new ArtifactDownloads(folder.path, LIMIT);
  const fetch = (artifact = ARTIFACT, signal = new AbortController().signal): Promise<Buffer> =>
    downloads.fetch(artifact, { url, headers: { authorization: "Bearer t" }, dispatcher }, signal);
  return { folder, asked, downloads, fetch, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Answers with what was asked for. */
const honest: RequestListener = (request, response) => {
  const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (from === 0) return void response.end(ZIP);
  response.writeHead(206, { "content-range": `bytes ${from}-${ZIP.length - 1}/${ZIP.length}` });
  response.end(ZIP.subarray(from));
};

test("an artifact is given out when all of it is there and has its digest", async () => {
  await using server = await setUp(honest);
  expect((await server.fetch()).equals(ZIP)).toBe(true);
  expect(server.asked).toEqual(["all Bearer t"]);

  await server.downloads.forget(ARTIFACT.digest);
  expect(await readdir(server.folder.path)).toEqual([]);
});

test("a download that broke off goes on where it ended", async () => {
  let first = true;
  await using server = await setUp((request, response) => {
    if (!first) return honest(request, response);
    first = false;
    response.end(ZIP.subarray(0, 300));
  });
  await expect(server.fetch()).rejects.toMatchObject({ code: "artifact_unavailable", retryable: true });

  expect((await server.fetch()).equals(ZIP)).toBe(true);
  expect(server.asked[1]).toBe("bytes=300- Bearer t");
});

test("a server that ignores ranges is taken at its word: everything is written anew", async () => {
  await using server = await setUp((_request, response) => void response.end(ZIP));
  await writeFile(server.folder.join(`${ARTIFACT.digest}.part`), "something else");
  expect((await server.fetch()).equals(ZIP)).toBe(true);
});

test.for<[string, RequestListener, RegExp]>([
  ["is down", (_, response) => void response.writeHead(503).end(), /answered 503/],
  ["does not know it", (_, response) => void response.writeHead(404).end(), /answered 404/],
  ["hangs up", (_, response) => void response.destroy(), /other side closed|UND_ERR_SOCKET|ECONNRESET/],
  ["says less", (_, response) => void response.end(ZIP.subarray(0, 10)), /ended after 10 of 1000 bytes/],
  ["says more", (_, response) => void response.end(Buffer.alloc(1_001)), /more than the 1000 bytes/],
  ["says something else", (_, response) => void response.end(Buffer.alloc(1_000)), /artifact mismatch/],
  [
    "answers another range than was asked for",
    (_, response) => void response.writeHead(206, { "content-range": "bytes 7-9/10" }).end("abc"),
    /answered 206/,
  ],
])(
  "a server that %s is trouble that may pass, and the next attempt succeeds",
  async ([, trouble, reason]) => {
    let healed = false;
    await using server = await setUp((request, response) => (healed ? honest : trouble)(request, response));
    await expect(server.fetch()).rejects.toThrow(reason);

    healed = true;
    const attempts = [server.fetch, server.fetch];
    let bytes: Buffer | undefined;
    // What is left of the trouble may cost one attempt: then it begins from nothing.
    for (const attempt of attempts) bytes ??= await attempt().catch(() => undefined);
    expect(bytes?.equals(ZIP)).toBe(true);
  },
);

test("an artifact that says it is too large is refused before anybody is asked", async () => {
  await using server = await setUp(honest);
  await expect(server.fetch({ ...ARTIFACT, size: LIMIT + 1 })).rejects.toThrow(/at most 64KiB/);
  expect(server.asked).toEqual([]);
});

test("a download that nobody wants any more ends at once", async () => {
  const hanging = Promise.withResolvers<void>();
  await using server = await setUp((_request, response) => {
    response.writeHead(200);
    response.write("x", () => hanging.resolve());
  });
  const abort = new AbortController();
  const fetching = server.fetch(ARTIFACT, abort.signal);
  await hanging.promise;
  abort.abort();
  await expect(fetching).rejects.toMatchObject({ code: "artifact_unavailable" });
});

test("what is left of artifacts that nobody wants is swept away", async () => {
  await using server = await setUp(honest);
  for (const name of ["kept.part", "gone.part"]) await writeFile(server.folder.join(name), "");
  await server.downloads.sweep(new Set(["kept"]));
  expect(await readdir(server.folder.path)).toEqual(["kept.part"]);
});
