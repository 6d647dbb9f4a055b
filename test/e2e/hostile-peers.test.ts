import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";

import { startHostileApp } from "../smuggling/hostile-app.ts";
import { Child } from "../support/child.ts";
import { TestMesh } from "../support/mesh.ts";
import { descriptors, residentMemory } from "../support/process-resources.ts";
import { RawServer, RawSocket } from "../support/raw-socket.ts";

const MIB = 1024 * 1024;

/** Short, but long enough for a busy machine to tell one from the next. */
const settings = {
  accessLog: false,
  firstByteTimeout: "300ms",
  headTimeout: "300ms",
  bodyIdleTimeout: "300ms",
  keepAliveTimeout: "300ms",
  lingerTimeout: "100ms",
  connectTimeout: "300ms",
  responseTimeout: "300ms",
  upstreamIdleTimeout: "300ms",
};

/** An app whose process stands still: the kernel takes connections until its queue is full, and nobody accepts. */
const STUCK = `const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log("listening " + server.address().port));`;

let app: RawServer;
let eager: RawServer;
let stuck: Child;
let mesh: TestMesh;
let idle: number;

beforeAll(async () => {
  app = await startHostileApp();
  eager = await RawServer.listen((connection) => {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly");
    connection.socket.on("data", () => connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate"));
    connection.socket.on("end", () => connection.socket.end());
  });
  stuck = new Child(process.execPath, ["-e", STUCK]);
  const [, port] = await stuck.line(/^listening (\d+)$/);
  stuck.process.kill("SIGSTOP");
  mesh = await TestMesh.start({
    app: app.port,
    services: { stuck: [`127.0.0.1:${port}`], eager: [`127.0.0.1:${eager.port}`] },
    settings,
  });
  idle = descriptors(mesh.child.pid);
});

afterAll(async () => {
  for (const each of [mesh, stuck, eager, app]) await each[Symbol.asyncDispose]();
});

interface HostileCase {
  readonly name: string;
  /** What the client sends; a list: piece by piece, 20 ms apart, for as long as it is listened to. */
  readonly sends: string | readonly string[];
  /** What the client has heard when its connection ends. */
  readonly hears: RegExp;
  readonly listener?: "outbound";
}

const HEAD = "HTTP/1.1\r\nHost: a\r\n";
const POST = `POST /ok ${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const SLOW = Array.from({ length: 500 }, () => "a");

function get(target: string): string {
  return `GET ${target} ${HEAD}\r\n`;
}

/** An answer of the sidecar's own: its status and its code. */
function problem(status: number, code: string): RegExp {
  return new RegExp(`^HTTP/1\\.1 ${status} .*x-mesh-error: ${code}\r\n`, "is");
}

const CLIENTS: readonly HostileCase[] = [
  { name: "never says anything", sends: "", hears: /^(?:$|HTTP\/1\.1 408 )/ },
  { name: "stops within its head", sends: "GET /ok HT", hears: problem(408, "request_timeout") },
  { name: "stops within an HTTP/2 preface", sends: "PRI * HT", hears: /^(?:$|HTTP\/1\.1 4)/ },
  { name: "sends its head byte by byte", sends: ["GET /", ...SLOW], hears: problem(408, "request_timeout") },
  {
    name: "stops within its body",
    sends: `POST /ok ${HEAD}Content-Length: 9\r\n\r\nhalf`,
    hears: /^HTTP\/1\.1 (?:408|200) /,
  },
  {
    name: "stops within a body that nobody answers",
    sends: `POST /never ${HEAD}Content-Length: 9\r\n\r\nhalf`,
    hears: problem(408, "body_timeout"),
  },
  {
    name: "stops within a chunk size",
    sends: `${POST.replace("/ok", "/never")}5`,
    hears: problem(408, "body_timeout"),
  },
  { name: "stays behind its answer", sends: get("/ok"), hears: /^HTTP\/1\.1 200 OK\r\n.*ok$/s },
  {
    name: "sends a target without an end",
    sends: `GET /${"a".repeat(100_000)}`,
    hears: problem(414, "target_too_long"),
  },
  {
    name: "sends a field without an end",
    sends: `GET / ${HEAD}X: ${"a".repeat(100_000)}`,
    hears: problem(431, "header_too_large"),
  },
  {
    name: "sends fields without an end",
    sends: `GET / ${HEAD}${"X: y\r\n".repeat(20_000)}`,
    hears: problem(431, "header_too_large"),
  },
  {
    name: "sends a chunk extension without an end",
    sends: `${POST.replace("/ok", "/never")}5;${"a".repeat(100_000)}`,
    hears: problem(400, "bad_request"),
  },
  {
    name: "sends trailers without an end",
    sends: `${POST.replace("/ok", "/never")}0\r\n${"X: y\r\n".repeat(20_000)}`,
    hears: problem(431, "header_too_large"),
  },
];

const APPS: readonly HostileCase[] = [
  { name: "never answers", sends: get("/never"), hears: problem(504, "upstream_timeout") },
  { name: "stops within its head", sends: get("/half-head"), hears: problem(504, "upstream_timeout") },
  { name: "stops within its body", sends: get("/half-body"), hears: /Content-Length: 9\r\n\r\nhalf$/ },
  { name: "closes within its body", sends: get("/half-close"), hears: /Content-Length: 9\r\n\r\nhalf$/ },
  { name: "closes within a chunk", sends: get("/half-chunk"), hears: /4\r\nhalf\r\n$/ },
  { name: "answers garbage", sends: get("/garbage"), hears: problem(502, "upstream_invalid") },
  {
    name: "answers twice",
    sends: get("/twice") + get("/ok"),
    hears: /^(?:HTTP\/1\.1 200 OK\r\nDate: .*\r\nContent-Length: 2\r\n\r\nok){2}$/,
  },
  { name: "closes in place of an answer", sends: get("/close"), hears: problem(502, "upstream_reset") },
  { name: "resets in place of an answer", sends: get("/reset"), hears: problem(502, "upstream_reset") },
  {
    name: "sends a head without an end",
    sends: get("/endless-head"),
    hears: problem(502, "upstream_invalid"),
  },
  {
    name: "answers before it is asked",
    sends: `GET / HTTP/1.1\r\nHost: eager\r\n\r\n`,
    hears: /^HTTP\/1\.1 200 OK\r\nDate: .*\r\nContent-Length: \d\r\n\r\n(?:early|late)$/,
    listener: "outbound",
  },
  {
    name: "never accepts",
    sends: `GET / HTTP/1.1\r\nHost: stuck\r\n\r\n`,
    hears: /^HTTP\/1\.1 504 .*x-mesh-error: upstream_(?:connect_)?timeout/is,
    listener: "outbound",
  },
];

test.for(CLIENTS)("a client that $name is answered or cut in its deadline", async (each) => {
  expect(await heard(each)).toMatch(each.hears);
});

test.for(APPS)("an app that $name costs its client an answer or a cut in its deadline", async (each) => {
  expect(await heard(each)).toMatch(each.hears);
});

/** Every moment of an exchange at which a client can be gone. */
const PREFIXES = [
  "",
  "PRI * HTTP/2.0\r\n\r\n",
  "GET /ok HT",
  get("/never"),
  get("/ok"),
  get("/ok") + get("/never"),
  `POST /never ${HEAD}Content-Length: 9\r\n\r\nhalf`,
  `${POST.replace("/ok", "/never")}5\r\nhe`,
  `${POST.replace("/ok", "/never")}0\r\nX: `,
  get("/half-body"),
  get("/endless-body"),
  `GET /ok ${HEAD}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
];

test.for(PREFIXES)("a client that resets behind %j takes only its own exchange with it", async (prefix) => {
  await reset(prefix);

  expect(await served()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

test("a client that does not read is cut, and its app is let go", async () => {
  await using client = await RawSocket.connect(mesh.inbound);
  client.socket.pause();
  client.write(get("/endless-body"));

  await tooSlow(1);

  expect(await served()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

test(
  "behind all of it, many times over, no descriptor is left and memory is flat",
  { timeout: 120_000 },
  async () => {
    const { pid } = mesh.child;
    await storm();
    const before = residentMemory(pid);

    for (let round = 0; round < 10; round++) await storm();

    await expect.poll(() => descriptors(pid), { timeout: 20_000 }).toBeLessThanOrEqual(idle);
    const grown = residentMemory(pid) - before;
    process.stdout.write(`hostile peers: resident memory grew by ${(grown / MIB).toFixed(1)} MiB\n`);
    expect(grown).toBeLessThan(32 * MIB);
    expect(await served()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  },
);

async function heard({ sends, listener }: HostileCase): Promise<string> {
  await using client = await RawSocket.connect(listener === "outbound" ? mesh.outbound : mesh.inbound);
  if (typeof sends === "string") client.write(sends);
  else await dribble(client, sends);
  return await client.untilEnd();
}

async function dribble(client: RawSocket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    if (client.socket.destroyed || client.socket.readableEnded) return;
    client.write(piece);
    await wait(20);
  }
}

/** Whoever else comes is served. */
async function served(): Promise<string> {
  await using client = await RawSocket.connect(mesh.inbound);
  client.write(get("/ok"));
  return await client.untilText("\r\n\r\nok");
}

async function reset(prefix: string): Promise<void> {
  const client = await RawSocket.connect(mesh.inbound);
  client.write(prefix);
  // What was written before it has been read: a reset would overtake it.
  await served();
  client.socket.resetAndDestroy();
  await client.untilClosed();
}

async function tooSlow(count: number): Promise<void> {
  const cut = (): Promise<number> => mesh.metric("sluice_exchanges_total", { error: "client_too_slow" });
  await expect.poll(cut, { timeout: 10_000, interval: 100 }).toBeGreaterThanOrEqual(count);
}

async function storm(): Promise<void> {
  const all = [...CLIENTS, ...APPS].flatMap((each) => [each, each, each]);
  await Promise.all([...all.map(heard), ...PREFIXES.map(reset)]);
}
