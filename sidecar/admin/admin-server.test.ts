import { connect } from "node:net";
import { text } from "node:stream/consumers";

import { expect, test } from "vitest";

import { createLogger, type LogLevel } from "../../core/log.ts";
import type { AdminProviders, RetryOutcome } from "./admin-providers.ts";
import { AdminServer } from "./admin-server.ts";
import { Readiness } from "./readiness.ts";

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
}

class Admin extends AdminServer {
  async ask(method: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, { method, headers });
    return { status: response.status, body: await response.text(), headers: response.headers };
  }

  /** Bytes as they are, for what fetch would not send. */
  async raw(request: string): Promise<string> {
    const socket = connect(this.port, "127.0.0.1");
    socket.end(request);
    return text(socket);
  }
}

const PROVIDERS: AdminProviders = {
  notReady: () => [],
  metrics: () => "# HELP a A.\n",
  config: () => ({}),
  plugins: () => [],
  clusters: () => [],
  logging: { get: () => "info", set: () => {} },
  drain: () => {},
  retryPlugin: () => ({ kind: "unknown_plugin" }),
};

async function startAdmin(changes: Partial<AdminProviders> = {}): Promise<Admin> {
  const address = { host: "127.0.0.1", port: 0 };
  const admin = new Admin({ address, providers: { ...PROVIDERS, ...changes }, log: createLogger("silent") });
  await admin.start();
  return admin;
}

test("a live process says so, and says whether traffic is welcome with every reason", async () => {
  const readiness = new Readiness(() => [
    { name: "plugin guard", problem: () => "quarantined and closed" },
    { name: "plugin tag", problem: () => undefined },
  ]);
  await using admin = await startAdmin({ notReady: () => readiness.reasons() });

  const starting = await admin.ask("GET", "/ready");
  readiness.serving();
  const serving = await admin.ask("GET", "/ready");
  readiness.draining();
  readiness.serving();
  const draining = await admin.ask("GET", "/ready");

  expect((await admin.ask("GET", "/live")).status).toBe(200);
  expect([starting, serving, draining].map(({ status }) => status)).toEqual([503, 503, 503]);
  expect(JSON.parse(starting.body)).toEqual({
    ready: false,
    reasons: [{ name: "sidecar", reason: "starting" }],
  });
  expect(JSON.parse(serving.body)).toMatchObject({
    reasons: [{ name: "plugin guard", reason: "quarantined and closed" }],
  });
  expect(JSON.parse(draining.body)).toMatchObject({ reasons: [{ reason: "draining" }] });
});

test("with nothing in the way it is ready", async () => {
  await using admin = await startAdmin();

  const reply = await admin.ask("GET", "/ready");

  expect(reply).toMatchObject({ status: 200, body: '{\n  "ready": true\n}\n' });
});

test("metrics are there under both names, as Prometheus wants them, and HEAD has no body", async () => {
  await using admin = await startAdmin();

  for (const path of ["/metrics", "/stats/prometheus"]) {
    const reply = await admin.ask("GET", path);
    expect(reply).toMatchObject({ status: 200, body: "# HELP a A.\n" });
    expect(reply.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  }
  expect(await admin.ask("HEAD", "/metrics")).toMatchObject({ status: 200, body: "" });
});

test("the log level changes by POST, and a level that does not exist is explained", async () => {
  let level: LogLevel = "info";
  await using admin = await startAdmin({ logging: { get: () => level, set: (next) => void (level = next) } });

  const wrong = await admin.ask("POST", "/logging?level=debgu");
  const before = await admin.ask("GET", "/logging");
  await admin.ask("POST", "/logging?level=debug");

  expect(wrong.status).toBe(400);
  expect(wrong.body).toContain('did you mean \\"debug\\"?');
  expect(JSON.parse(before.body)).toEqual({ level: "info" });
  expect(JSON.parse((await admin.ask("GET", "/logging")).body)).toEqual({ level: "debug" });
});

test("nothing changes by GET", async () => {
  let drained = 0;
  await using admin = await startAdmin({ drain: () => void drained++ });

  const refused = await admin.ask("GET", "/drain");
  expect(refused.status).toBe(405);
  expect(refused.headers.get("allow")).toBe("POST");
  expect((await admin.ask("GET", "/plugins/guard/retry")).status).toBe(405);
  expect((await admin.ask("DELETE", "/plugins")).status).toBe(405);
  expect(drained).toBe(0);

  expect((await admin.ask("POST", "/drain")).status).toBe(202);
  expect(drained).toBe(1);
});

test.for([
  ["guard", { kind: "retrying", cause: "quarantined" }, 202, '"cause": "quarantined"'],
  ["other", { kind: "unknown_plugin" }, 404, "there is no plugin other"],
  ["tag", { kind: "nothing_to_retry", state: "serving" }, 409, "plugin tag is serving"],
] as const satisfies readonly (readonly [string, RetryOutcome, number, string])[])(
  "retrying plugin %s tells what came of it",
  async ([name, outcome, status, message]) => {
    await using admin = await startAdmin({ retryPlugin: () => outcome });

    const reply = await admin.ask("POST", `/plugins/${name}/retry`);

    expect(reply.status).toBe(status);
    expect(reply.body).toContain(message);
  },
);

test("secrets do not leave in a dump, references to them do", async () => {
  const config = {
    chain: [{ plugin: "guard", config: { token: "let-me-in", path: "/private", list: [{ apiKey: "k" }] } }],
    upstream: "https://ops:hunter2@config.internal/x",
    pairs: [
      ["Authorization", "Bearer let-me-in"],
      ["accept", "*/*"],
    ],
    rules: [
      [
        { name: "x-api-key", value: "let-me-in" },
        { name: "x-path", value: "/private" },
      ],
    ],
    secret: { fromEnv: "GUARD_SECRET" },
  };
  await using admin = await startAdmin({ config: () => config });

  const { body } = await admin.ask("GET", "/config_dump");

  expect(JSON.parse(body)).toEqual({
    chain: [{ plugin: "guard", config: { token: "***", path: "/private", list: [{ apiKey: "***" }] } }],
    upstream: "https://***@config.internal/x",
    pairs: [
      ["Authorization", "***"],
      ["accept", "*/*"],
    ],
    rules: [
      [
        { name: "x-api-key", value: "***" },
        { name: "x-path", value: "/private" },
      ],
    ],
    secret: { fromEnv: "GUARD_SECRET" },
  });
});

test.for(["127.0.0.1", "127.0.0.1:15190", "localhost:15190", "[::1]:15190", "10.1.2.3"])(
  "a request to %s is answered",
  async (host) => {
    await using admin = await startAdmin();

    expect(await admin.raw(`GET /live HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 200 /,
    );
  },
);

test.for([
  "evil.example",
  "evil.example:15190",
  "127.0.0.1.evil.example",
  "localhost@evil.example",
  "[evil]",
  "",
])("a request to the name %j is refused, whatever it points to", async (host) => {
  await using admin = await startAdmin();

  expect(await admin.raw(`GET /live HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 403 /,
  );
});

test.for([{ origin: "http://evil.example" }, { origin: "null" }, { "sec-fetch-site": "cross-site" }])(
  "a page of another site cannot drain: %j",
  async (headers) => {
    let drained = 0;
    await using admin = await startAdmin({ drain: () => void drained++ });
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `POST /drain HTTP/1.1\r\nHost: localhost\r\n${fields.join("")}Connection: close\r\n\r\n`;

    expect(await admin.raw(head)).toMatch(/^HTTP\/1.1 403 /);
    expect(drained).toBe(0);
  },
);

test.for(["/nothing", "//live", "/live/", "/plugins/UPPER/retry", "/plugins/a%2Fb/retry", "*"])(
  "%s is no page",
  async (target) => {
    await using admin = await startAdmin();

    expect(
      await admin.raw(`POST ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
    ).toMatch(/^HTTP\/1.1 404 /);
  },
);

test("a part that fails costs its page and not the server", async () => {
  await using admin = await startAdmin({
    plugins: () => {
      throw new Error("no plugins today");
    },
  });

  expect(await admin.ask("GET", "/plugins")).toMatchObject({
    status: 500,
    body: expect.stringContaining("no plugins today"),
  });
  expect((await admin.ask("GET", "/live")).status).toBe(200);
});

test("a port that is taken is named with the flag that changes it", async () => {
  await using first = await startAdmin();
  const address = { host: "127.0.0.1", port: first.port };
  await using second = new AdminServer({ address, providers: PROVIDERS, log: createLogger("silent") });

  await expect(second.start()).rejects.toThrow(
    `cannot listen on 127.0.0.1:${first.port}: the port is taken; choose another with --admin`,
  );
});
