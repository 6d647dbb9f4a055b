import { getEventListeners, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";

import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import { ApiError } from "./api-error.ts";
import { ApiClient } from "./client.ts";

const DOMAIN = { name: "shop", description: "", versionApproval: false, revision: 4 };

test("a call fills path, query, If-Match and body from the table, and carries the token", async () => {
  let seen: unknown;
  await using server = await startServer(async (request, response): Promise<void> => {
    const chunks = await request.toArray();
    const { method, url, headers } = request;
    seen = {
      method,
      url,
      token: headers.authorization,
      match: headers["if-match"],
      type: headers["content-type"],
      body: JSON.parse(Buffer.concat(chunks).toString()),
    };
    response.setHeader("content-type", "application/json").end(JSON.stringify(DOMAIN));
  });
  const { revision, ...body } = DOMAIN;

  const answer = await server.client.call("putDomain", { params: { domain: "shop" }, body, revision });

  expect(answer).toEqual(DOMAIN);
  expect(seen).toEqual({
    method: "PUT",
    url: "/api/v1/domains/shop",
    token: "Bearer sluice_secret",
    match: '"4"',
    type: "application/json",
    body,
  });
});

test("a problem document becomes an error with its code, its detail and its keys", async () => {
  await using server = await startServer((_request, response) => {
    response.writeHead(422, { "content-type": "application/problem+json", "x-request-id": "r-1" });
    const problems = [{ where: "body", key: "owners[0]", message: "too short" }];
    const detail = "the body is not valid";
    response.end(
      JSON.stringify({
        type: "about:blank",
        title: "T",
        status: 422,
        code: "invalid_input",
        detail,
        problems,
      }),
    );
  });

  const error = await failure(server.client.call("listDomains"));

  expect(error).toMatchObject({ code: "invalid_input", status: 422, requestId: "r-1", retryable: false });
  expect(error.message).toBe("the body is not valid");
  expect(error.problems).toEqual([{ where: "body", key: "owners[0]", message: "too short" }]);
});

test.for([
  ["a page of something else", 200, "<html>hello</html>"],
  ["an error page of a proxy", 502, "<html>Bad Gateway</html>"],
  ["a redirect, which would take the token elsewhere", 302, ""],
] as const)("%s is no control plane", async ([, status, body]) => {
  await using server = await startServer((_request, response) => {
    response.writeHead(status, { location: "http://127.0.0.1:1/" }).end(body);
  });

  const error = await failure(server.client.call("listDomains"));

  expect(error.code).toBe("not_a_control_plane");
  expect(error.message).toContain("check the address");
});

test("where nothing listens, the error says what to do", async () => {
  const { baseUrl } = await startServer(() => {}).then(async (server) => {
    await server[Symbol.asyncDispose]();
    return server;
  });
  await using client = new ApiClient({ baseUrl, token: undefined });

  const error = await failure(client.call("health"));

  expect(error).toMatchObject({ code: "unreachable", retryable: true });
  expect(error.message).toContain("start it with `sluice control-plane`");
});

test("a name cannot climb out of its place in the path", async () => {
  let url: string | undefined;
  await using server = await startServer((request, response) => {
    url = request.url;
    response.end(JSON.stringify(DOMAIN));
  });

  await server.client.call("getDomain", { params: { domain: "../tokens?x=#y" } });
  const error = await failure(server.client.call("getDomain", { params: { domain: ".." } }));

  expect(url).toBe("/api/v1/domains/..%2Ftokens%3Fx%3D%23y");
  expect(error.code).toBe("invalid_input");
});

test("a watch gives each answer, opens a broken stream again and says so", async () => {
  const clock = new ManualClock();
  let connections = 0;
  await using server = await startServer((_request, response) => {
    connections++;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`: heartbeat\n\ndata: ${JSON.stringify({ ...DOMAIN, revision: connections })}\n\n`);
    response.end();
  }, clock);
  const controller = new AbortController();
  const revisions: number[] = [];
  const delays: number[] = [];
  const onInterruption = (_error: ApiError, delay: number): void => {
    delays.push(delay);
    queueMicrotask(() => clock.advance(delay));
  };

  const options = { signal: controller.signal, onInterruption };
  const request = { params: { cluster: "demo" } };
  const listening: number[] = [];
  for await (const { revision } of server.client.watch("getChain", request, options)) {
    revisions.push(revision);
    listening.push(getEventListeners(controller.signal, "abort").length);
    if (revisions.length === 3) controller.abort();
  }

  expect(revisions).toEqual([1, 2, 3]);
  expect(delays.length).toBe(2);
  expect(new Set(listening).size, "nothing of an interruption stays").toBe(1);
});

test("a watch ends with the problem that the stream tells", async () => {
  await using server = await startServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const problem = { type: "about:blank", title: "T", status: 404, code: "not_found", detail: "it is gone" };
    response.end(`event: problem\ndata: ${JSON.stringify(problem)}\n\n`);
  });

  const next = server.client.watch("getChain", { params: { cluster: "demo" } }).next();

  await expect(next).rejects.toMatchObject({ code: "not_found", message: "it is gone" });
});

test("an upload is one form of known length, and tells its progress", async () => {
  let received = "";
  let length: string | undefined;
  await using server = await startServer(async (request, response): Promise<void> => {
    length = request.headers["content-length"];
    received = Buffer.concat(await request.toArray()).toString();
    response.end(JSON.stringify({ version: "1.0.0" }));
  });
  const sent: number[] = [];
  const pieces = [Buffer.from("abc"), Buffer.from("defg")];
  const file = { name: 'a"\r\nb.zip', size: 7, bytes: streamOf(pieces) };

  const answer = await server.client.upload({ plugin: "guard", note: "first" }, file, (n) => sent.push(n));

  expect(answer.version).toBe("1.0.0");
  expect(sent).toEqual([3, 7]);
  expect(Number(length)).toBe(received.length);
  expect(received).toContain('name="note"\r\n\r\nfirst\r\n');
  expect(received).toContain('filename="a%22%0D%0Ab.zip"');
  expect(received).toContain("\r\n\r\nabcdefg\r\n--");
});

test("an answer that is cut off is no answer, and says so", async () => {
  await using server = await startServer((_request, response) => {
    response.writeHead(200, { "x-request-id": "r-2" }).write("the first half", () => response.destroy());
  });

  const text = failure(
    server.client.text("readLog", { params: { node: "web-1", plugin: "guard" }, query: {} }),
  );
  const bytes = failure(Readable.from(await server.client.bytes("backup")).toArray());

  for (const error of [await text, await bytes]) {
    expect(error).toMatchObject({ code: "unreachable", requestId: "r-2" });
    expect(error.message).toMatch(/was cut off, and is not all there is: it closed the connection/);
  }
});

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new TypeError("expected an ApiError", { cause: error });
  return error;
}

async function* streamOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** Any HTTP server, which need not be ours. */
async function startServer(
  serve: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
  clock?: ManualClock,
): Promise<AsyncDisposable & { readonly client: ApiClient; readonly baseUrl: string }> {
  const server = createServer((request, response) => void serve(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new ApiClient({
    baseUrl,
    token: "sluice_secret",
    ...(clock === undefined ? {} : { clock }),
  });
  const dispose = async (): Promise<void> => {
    await client[Symbol.asyncDispose]();
    server.close();
    server.closeAllConnections();
  };
  return { client, baseUrl, [Symbol.asyncDispose]: dispose };
}
