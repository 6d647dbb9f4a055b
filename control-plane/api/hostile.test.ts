import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import { TestControlPlane } from "../../test/support/control-plane.ts";
import { pluginZip, rawZip } from "../../test/support/plugin-packages.ts";

const KIB = 1024;

let plane: TestControlPlane;
let authorization: string;

beforeAll(async () => {
  const settings = {
    bodyBytes: 16 * KIB,
    bodyTimeout: 150,
    packageBytes: 64 * KIB,
    uploadIdleTimeout: 150,
    headTimeout: 300,
  };
  plane = await (await TestControlPlane.start({ settings })).withClusters();
  authorization = `Bearer ${await plane.token("admin")}`;
  const body = { name: "tagger", domain: "shop", description: "", owners: ["admin"] };
  await plane.admin.call("putPlugin", { params: { plugin: "tagger" }, body });
});
afterAll(async () => plane[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly text: string;
  readonly headers: Headers;
}

async function send(path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { authorization, ...(init.headers as Record<string, string> | undefined) };
  const response = await fetch(`${plane.baseUrl}${path}`, { ...init, headers });
  const text = await response.text();
  expect(text).not.toMatch(/node_modules|\.ts:\d+|at .*\(/);
  const { code = "" } = text.startsWith("{") ? (JSON.parse(text) as { code?: string }) : {};
  return { status: response.status, code, text, headers: response.headers };
}

function putDomain(body: string, type = "application/json"): Promise<Answer> {
  return send("/api/v1/domains/shop", { method: "PUT", headers: { "content-type": type }, body });
}

test.for([
  [
    "another content type, as a page of another site could send",
    "{}",
    "text/plain",
    415,
    "unsupported_media_type",
  ],
  ["a form", "a=b", "application/x-www-form-urlencoded", 415, "unsupported_media_type"],
  ["a form with files", "--x--\r\n", "multipart/form-data; boundary=x", 415, "unsupported_media_type"],
  ["no JSON", "{", "application/json", 400, "malformed"],
  [
    "half a character",
    Buffer.from([0x22, 0xc3, 0x22]).toString("latin1"),
    "application/json",
    422,
    "invalid_input",
  ],
  ["a prototype", '{"name":"shop","__proto__":{"admin":true}}', "application/json", 422, "invalid_input"],
  [
    "a key too many",
    '{"name":"shop","description":"","versionApproval":true,"x":1}',
    "application/json",
    422,
    "invalid_input",
  ],
  ["a list", "[]", "application/json", 422, "invalid_input"],
  ["too much", JSON.stringify("x".repeat(20 * KIB)), "application/json", 413, "too_large"],
  ["a hundred levels", `${"[".repeat(100)}${"]".repeat(100)}`, "application/json", 422, "invalid_input"],
] as const)("a body that is %s is refused", async ([, body, type, status, code]) => {
  expect(await putDomain(body, type)).toMatchObject({ status, code });
});

test.for([
  ["/api/v1/domains/%2e%2e%2f%2e%2e%2fetc", 422],
  ["/api/v1/domains/..%5c..", 422],
  ["/api/v1/domains/a%00b", 422],
  ["/api/v1/domains/%zz", 400],
  [`/api/v1/domains/${"a".repeat(400)}`, 400],
  ["/api/v1//domains", 404],
  ["/api/v1/domains/", 422],
  ["/api/v1/nodes/__proto__", 422],
  ["/api/v1/artifacts/..%2f..%2fstore.sqlite", 422],
  ["/api/v1/domains?limit=1&limit=2", 422],
  ["/api/v1/domains?limit=1e9", 422],
  ["/api/v1/domains?__proto__=1", 422],
  ["/api/v1/releases/1%20or%201=1", 422],
  ["/api/v2/domains", 404],
] as const)("the path %s is refused", async ([path, status]) => {
  const answer = await send(path);

  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
});

test("names that would be script stay JSON, which no browser takes for a page", async () => {
  const description = `<script>alert(1)</script>"><img src=x onerror=alert(1)>`;
  const answer = await putDomain(JSON.stringify({ name: "shop", description, versionApproval: false }));

  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({ description });
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
});

test("no page of another origin may read or preflight anything", async () => {
  const origin = { origin: "https://evil.example", "access-control-request-method": "PUT" };
  const read = await send("/api/v1/domains", { headers: origin });
  const preflight = await send("/api/v1/domains/shop", { method: "OPTIONS", headers: origin });

  for (const { headers } of [read, preflight]) {
    expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
  expect(preflight.status).toBe(405);
});

test("a request id of the client is kept if it is harmless, and replaced if it is not", async () => {
  const good = await send("/api/v1/domains", { headers: { "x-request-id": "trace-7" } });
  const bad = await send("/api/v1/domains", { headers: { "x-request-id": `"}{"level":60` } });

  expect(good.headers.get("x-request-id")).toBe("trace-7");
  expect(bad.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
});

test("a body that does not come is 408, and the connection ends", async () => {
  using peer = open();
  peer.socket.write(
    head("PUT", "/api/v1/domains/shop", { "content-type": "application/json", "content-length": "50" }),
  );
  peer.socket.write("{");

  expect(await peer.answer()).toMatch(/^HTTP\/1\.1 408 /);
});

test("a head that does not come, no HTTP, and a head without end are refused", async () => {
  for (const [bytes, status] of [
    ["GET /health HTTP/1.1\r\nhost: x\r\n", 408],
    ["\x16\x03\x01\x00\xa5\x01", 400],
    [`GET /health HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(20 * KIB)}\r\n\r\n`, 413],
    [
      "POST /api/v1/apply HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      400,
    ],
  ] as const) {
    using peer = open();
    peer.socket.write(bytes);
    expect(await peer.answer()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  }
});

function form(file: string | Buffer, name = "package", tail = "\r\n--x--\r\n"): RequestInit {
  const disposition = `content-disposition: form-data; name="${name}"; filename="../../a.zip"`;
  const body = Buffer.concat([
    Buffer.from(`--x\r\n${disposition}\r\n\r\n`),
    Buffer.from(file),
    Buffer.from(tail),
  ]);
  return {
    method: "POST",
    headers: { "content-type": "multipart/form-data; boundary=x" },
    body: new Uint8Array(body),
  };
}

const VERSIONS = "/api/v1/plugins/tagger/versions";

test.for([
  ["a form without its end", form("abc", "package", ""), 400],
  ["a form with another field", form("abc", "other"), 400],
  ["a form of a prototype", form("abc", "__proto__"), 400],
  ["no form", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }, 415],
  [
    "a form without a boundary",
    { method: "POST", headers: { "content-type": "multipart/form-data" }, body: "x" },
    400,
  ],
  [
    "an empty form",
    { method: "POST", headers: { "content-type": "multipart/form-data; boundary=x" }, body: "" },
    400,
  ],
  ["no package", form("abc"), 422],
  ["a package beyond the limit", form(Buffer.alloc(70 * KIB)), 413],
  ["a file that climbs out", form(rawZip([{ name: "../../evil", content: "x" }])), 422],
] as const)("an upload that is %s is refused, and nothing stays", async ([, init, status]) => {
  const answer = await send(VERSIONS, init);

  expect(answer.status).toBe(status);
  await nothingStays();
});

test("an upload of 2 GiB is refused at once where it says so, and at the limit where it does not", async () => {
  const type = { "content-type": "multipart/form-data; boundary=x" };
  using honest = open();
  honest.socket.write(head("POST", VERSIONS, { ...type, "content-length": String(2 * KIB * KIB * KIB) }));
  expect(await honest.answer()).toMatch(/^HTTP\/1\.1 413 /);

  using liar = open();
  liar.socket.write(head("POST", VERSIONS, { ...type, "transfer-encoding": "chunked" }));
  const start = '--x\r\ncontent-disposition: form-data; name="package"; filename="a"\r\n\r\n';
  liar.socket.write(`${start.length.toString(16)}\r\n${start}\r\n`);
  const piece = Buffer.concat([Buffer.from("4000\r\n"), Buffer.alloc(16 * KIB), Buffer.from("\r\n")]);
  for (let sent = 0; sent < 8; sent++) liar.socket.write(piece);
  expect(await liar.answer()).toMatch(/^HTTP\/1\.1 413 /);
  await nothingStays();
});

test("an upload that breaks off or falls silent leaves nothing", async () => {
  const type = { "content-type": "multipart/form-data; boundary=x", "content-length": "5000" };
  const start = '--x\r\ncontent-disposition: form-data; name="package"; filename="a"\r\n\r\nabc';
  {
    using broken = open();
    broken.socket.write(head("POST", VERSIONS, type) + start);
    while ((await stored()).length === 0) await setImmediate();
  }
  await nothingStays();

  using silent = open();
  silent.socket.write(head("POST", VERSIONS, type) + start);
  expect(await silent.answer()).toMatch(/^HTTP\/1\.1 408 /);
  await nothingStays();
});

test("the same bytes again are answered as before; other bytes of the version are a conflict", async () => {
  const first = await send(VERSIONS, form(pluginZip()));
  const again = await send(VERSIONS, form(pluginZip()));
  const other = await send(VERSIONS, form(pluginZip({ positions: ["response"] })));

  expect(first.status).toBe(200);
  expect(again.text).toBe(first.text);
  expect(other).toMatchObject({ status: 409, code: "conflict" });
  await nothingStays();
});

function stored(): Promise<string[]> {
  return readdir(plane.folder.join("control-plane", "uploads"));
}

async function nothingStays(): Promise<void> {
  while ((await stored()).length > 0) await setImmediate();
}

function head(method: string, path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ host: "x", authorization, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

interface Peer extends Disposable {
  readonly socket: Socket;
  /** The first bytes that come. */
  answer(): Promise<string>;
}

function open(): Peer {
  const socket = connect(plane.ports.api, "127.0.0.1");
  socket.on("error", () => undefined);
  return {
    socket,
    answer: async () => String((await once(socket, "data"))[0]),
    [Symbol.dispose]: () => socket.destroy(),
  };
}
