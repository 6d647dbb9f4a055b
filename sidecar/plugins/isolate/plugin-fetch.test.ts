import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { networkInterfaces } from "node:os";

import { expect, test } from "vitest";

import { systemClock } from "../../../core/clock.ts";
import { parseFetchPattern, type FetchPattern } from "./fetch-pattern.ts";
import { PluginFetch, type PluginRequest } from "./plugin-fetch.ts";

const patterns = (...texts: string[]): FetchPattern[] =>
  texts.map((text) => parseFetchPattern(text)).filter((parsed) => typeof parsed !== "string");

const get = (url: string, more: Partial<PluginRequest> = {}): PluginRequest => ({
  method: "GET",
  url,
  headers: [],
  body: Buffer.alloc(0),
  timeoutMs: 0,
  ...more,
});

/** IPv4 addresses of this machine that others may reach. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address);
}

async function startOrigin(listener: RequestListener): Promise<AsyncDisposable & { origin: string }> {
  const server = createServer(listener);
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

test("a fetch that a pattern covers brings status, headers and body", async () => {
  await using origin = await startOrigin((request, response) => {
    response.setHeader("x-seen", `${request.method} ${request.url} ${String(request.headers["x-key"])}`);
    response.end("hello");
  });
  await using plugins = new PluginFetch({ clock: systemClock, ownPorts: [] });

  const asked = get(`${origin.origin}/a?b=1`, { headers: [{ name: "X-Key", values: ["k"] }] });
  const answer = await plugins.fetch("p", patterns(`${origin.origin}/*`), asked);

  expect(answer.status).toBe(200);
  expect(answer.headers).toContainEqual({ name: "x-seen", values: ["GET /a?b=1 k"] });
  expect(answer.body.toString()).toBe("hello");
});

test("what no pattern covers is refused before a connection is made", async () => {
  let connections = 0;
  await using origin = await startOrigin(() => connections++);
  await using plugins = new PluginFetch({ clock: systemClock, ownPorts: [] });

  const refused = plugins.fetch("p", patterns(`${origin.origin}/allowed/*`), get(`${origin.origin}/other`));

  await expect(refused).rejects.toThrow(/no fetch permission/);
  expect(connections).toBe(0);
});

test("a name that resolves to the loopback is refused where the pattern is only a wildcard", async () => {
  await using origin = await startOrigin((_request, response) => response.end("secret"));
  await using plugins = new PluginFetch({ clock: systemClock, ownPorts: [] });
  const port = new URL(origin.origin).port;

  const wildcard = patterns(`http://*:${port}/*`);

  await expect(plugins.fetch("p", wildcard, get(`http://localhost:${port}/`))).rejects.toThrow(
    /may not reach/,
  );
  await expect(plugins.fetch("p", wildcard, get(`http://127.0.0.1:${port}/`))).rejects.toThrow(
    /may not reach/,
  );
});

test("a redirect to a link-local address is refused although a pattern covers it", async () => {
  await using origin = await startOrigin((_request, response) => {
    response.writeHead(302, { location: "http://169.254.169.254/latest/meta-data/" }).end();
  });
  await using plugins = new PluginFetch({ clock: systemClock, ownPorts: [] });

  const refused = plugins.fetch("p", patterns(`${origin.origin}/*`, "http://*/*"), get(`${origin.origin}/`));

  await expect(refused).rejects.toThrow(/169\.254\.169\.254/);
});

test("a redirect out of what the patterns cover is refused", async () => {
  await using origin = await startOrigin((request, response) => {
    if (request.url === "/in") response.writeHead(302, { location: "/out" }).end();
    else response.end("secret");
  });
  await using plugins = new PluginFetch({ clock: systemClock, ownPorts: [] });

  const refused = plugins.fetch("p", patterns(`${origin.origin}/in`), get(`${origin.origin}/in`));

  await expect(refused).rejects.toThrow(/no fetch permission/);
});

test("a redirected POST becomes a GET, and credentials do not go to another origin", async () => {
  await using target = await startOrigin((request, response) => {
    response.end(
      JSON.stringify([request.method, request.headers.authorization ?? null, request.headers["x-a"]]),
    );
  });
  await using origin = await startOrigin((_request, response) => {
    response.writeHead(302, { location: `${target.origin}/t` }).end();
  });
  await using plugins = new PluginFetch({ clock: systemClock, ownPorts: [] });

  const headers = [
    { name: "Authorization", values: ["secret"] },
    { name: "X-A", values: ["kept"] },
  ];
  const asked = get(`${origin.origin}/`, { method: "POST", headers, body: Buffer.from("body") });
  const answer = await plugins.fetch("p", patterns(`${origin.origin}/*`, `${target.origin}/*`), asked);

  expect(JSON.parse(answer.body.toString())).toEqual(["GET", null, "kept"]);
});

test("endless redirects, a long answer and a slow one end within their limits", async () => {
  await using origin = await startOrigin((request, response) => {
    if (request.url === "/loop") response.writeHead(302, { location: "/loop" }).end();
    else if (request.url === "/long") response.end(Buffer.alloc(5000));
    else response.write("never ends");
  });
  const limits = { bodyBytes: 4096, timeout: 10_000, redirects: 3, concurrent: 32 };
  await using plugins = new PluginFetch({ clock: systemClock, ownPorts: [], limits });
  const allowed = patterns(`${origin.origin}/*`);

  await expect(plugins.fetch("p", allowed, get(`${origin.origin}/loop`))).rejects.toThrow(/3 redirects/);
  await expect(plugins.fetch("p", allowed, get(`${origin.origin}/long`))).rejects.toThrow(/longer than 4096/);
  const slow = plugins.fetch("p", allowed, get(`${origin.origin}/slow`, { timeoutMs: 50 }));
  await expect(slow).rejects.toThrow(/timeout/);
});

test("one plugin has only so many fetches under way, and another is not held up by it", async () => {
  await using origin = await startOrigin(() => undefined);
  const limits = { bodyBytes: 10, timeout: 10_000, redirects: 1, concurrent: 1 };
  await using plugins = new PluginFetch({ clock: systemClock, ownPorts: [], limits });
  const allowed = patterns(`${origin.origin}/*`);

  const first = plugins.fetch("a", allowed, get(origin.origin, { timeoutMs: 300 }));

  await expect(plugins.fetch("a", allowed, get(origin.origin))).rejects.toThrow(/under way/);
  await expect(plugins.fetch("b", allowed, get(origin.origin, { timeoutMs: 50 }))).rejects.toThrow(/timeout/);
  await expect(first).rejects.toThrow(/timeout/);
});

test.each(["127.0.0.1", "localhost", "[::1]", ...ownAddresses()])(
  "the sidecar's own port is out of reach at %s, although the manifest names it",
  async (host) => {
    let connections = 0;
    const server = createServer(() => connections++).listen(0);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await using plugins = new PluginFetch({ clock: systemClock, ownPorts: [port] });
    const url = `http://${host}:${port}/drain`;

    await expect(plugins.fetch("p", patterns(url), get(url, { method: "POST" }))).rejects.toThrow(
      /may not reach/,
    );

    expect(connections).toBe(0);
    server.close();
  },
);

test("plugins do not share connections, and one that is forgotten leaves none", async () => {
  const sockets = new Set<Socket>();
  await using origin = await startOrigin((request, response) => {
    sockets.add(request.socket);
    response.end("hello");
  });
  await using plugins = new PluginFetch({ clock: systemClock, ownPorts: [] });
  const allowed = patterns(`${origin.origin}/*`);

  for (const plugin of ["a", "b", "a"]) await plugins.fetch(plugin, allowed, get(origin.origin));
  const [ofA, ofB] = sockets;
  if (ofA === undefined || ofB === undefined) throw new Error("one connection served both");
  const closed = once(ofA, "close");
  plugins.forget("a");

  await closed;
  expect([sockets.size, ofB.destroyed]).toEqual([2, false]);
});

test.each([
  [get("http://a.example/", { method: "CONNECT" }), /method/],
  [get("nonsense"), /not a URL/],
  [get("http://user:word@a.example/"), /user or password/],
  [get("http://a.example/", { headers: [{ name: "Host", values: ["b"] }] }), /written by the sidecar/],
])("a malformed request is refused with a reason", async (asked, reason) => {
  await using plugins = new PluginFetch({ clock: systemClock, ownPorts: [] });

  await expect(plugins.fetch("p", patterns("http://a.example/*"), asked)).rejects.toThrow(reason);
});
