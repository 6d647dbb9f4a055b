import { expect, test } from "vitest";

import { HeaderBlock } from "../core/headers/header-block.ts";
import { AccessLog, type LoggedExchange, type LoggedRefusal } from "./access-log.ts";
import { ALLOW } from "./chain/verdict.ts";

const TARGET = { plugin: "token-guard", version: "1.0.0", generation: 4 };

const EXCHANGE: LoggedExchange = {
  id: 7,
  listener: "inbound",
  head: {
    protocol: "http/1.1",
    method: "GET",
    target: "/private?token=let-me-in",
    authority: "shop.example",
    headers: HeaderBlock.fromFlat(["X-Request-Id", "r-1", "Cookie", "token=let-me-in"]),
  },
  remoteIp: "203.0.113.5",
  status: 200,
  error: undefined,
  blockedBy: undefined,
  duration: 1.23456,
  upstreamDuration: 1.01,
  upstream: "127.0.0.1:8080",
  received: 0,
  sent: 12,
  plugins: [],
  dropped: [],
};

function logOf(exchanges: readonly LoggedExchange[], sample = 1, random = (): number => 0.5): string[] {
  const lines: string[] = [];
  const output = { collect: (line: string) => void lines.push(line) };
  const accessLog = new AccessLog({ output, sample, random });
  for (const exchange of exchanges) accessLog.finished(exchange);
  return lines;
}

test("a line tells who asked what, what came of it, and leaves the query and the cookies out", () => {
  const [line = ""] = logOf([EXCHANGE]);

  expect(JSON.parse(line)).toEqual({
    level: 30,
    time: expect.any(String),
    msg: "exchange",
    id: 7,
    listener: "inbound",
    requestId: "r-1",
    protocol: "http/1.1",
    method: "GET",
    host: "shop.example",
    path: "/private",
    remoteIp: "203.0.113.5",
    status: 200,
    received: 0,
    sent: 12,
    millis: 1.235,
    upstream: "127.0.0.1:8080",
    upstreamMillis: 1.01,
  });
  expect(line).not.toContain("let-me-in");
});

test("each plugin stands there with verdict and time, and so does who blocked", () => {
  const [line = ""] = logOf([
    {
      ...EXCHANGE,
      status: 503,
      error: "plugin_failed",
      blockedBy: "token-guard",
      plugins: [
        { target: TARGET, position: 0, verdict: ALLOW, policy: undefined, micros: 80.6, background: false },
        {
          target: TARGET,
          position: 1,
          verdict: { kind: "failed", cause: "timeout", detail: "took 60 ms" },
          policy: "closed",
          micros: 60_000,
          background: false,
        },
      ],
    },
  ]);

  expect(JSON.parse(line)).toMatchObject({
    status: 503,
    error: "plugin_failed",
    blockedBy: "token-guard",
    plugins: [
      {
        name: "token-guard",
        version: "1.0.0",
        position: "request",
        verdict: "allow",
        micros: 81,
      },
      { position: "response", verdict: "failed", cause: "timeout", detail: "took 60 ms", policy: "closed" },
    ],
  });
});

test("fields that did not go on are named, but never more than a few", () => {
  const dropped = ["x_user", "y".repeat(100), ...Array.from({ length: 20 }, (_, index) => `a_${index}`)];

  const [line = ""] = logOf([{ ...EXCHANGE, dropped }]);

  const named = (JSON.parse(line) as { dropped: string[] }).dropped;
  expect(named).toHaveLength(8);
  expect(named.slice(0, 2)).toEqual(["x_user", "y".repeat(64)]);
});

test("a sample leaves out only what went well", () => {
  const exchanges = [
    EXCHANGE,
    { ...EXCHANGE, status: 401, blockedBy: "token-guard" },
    { ...EXCHANGE, status: 502 },
    { ...EXCHANGE, status: 0, error: "client_gone" },
    { ...EXCHANGE, status: 404 },
  ];

  const statuses = logOf(exchanges, 0.4).map((line) => (JSON.parse(line) as { status: number }).status);

  expect(statuses).toEqual([401, 502, 0]);
  expect(logOf(exchanges, 0.6)).toHaveLength(5);
});

const REFUSED: LoggedRefusal = {
  id: 8,
  listener: "inbound",
  protocol: "http/1.1",
  head: undefined,
  remoteIp: "203.0.113.5",
  status: 400,
  error: { code: "bad_request", message: "Host is missing, repeated or malformed" },
};

test("a refused head has a line of its own, whatever the sample, with the reason and what is known", () => {
  const lines: string[] = [];
  const accessLog = new AccessLog({ output: { collect: (line) => void lines.push(line) }, sample: 0 });

  accessLog.refused(REFUSED);
  accessLog.refused({ ...REFUSED, head: EXCHANGE.head });

  const [unread, read] = lines.map((line) => JSON.parse(line) as object);
  expect(unread).toEqual({
    level: 30,
    time: expect.any(String),
    msg: "exchange",
    id: 8,
    listener: "inbound",
    protocol: "http/1.1",
    remoteIp: "203.0.113.5",
    status: 400,
    error: "bad_request",
    reason: "Host is missing, repeated or malformed",
  });
  expect(read).toMatchObject({ method: "GET", host: "shop.example", path: "/private" });
  expect(lines.join("")).not.toContain("let-me-in");
});

test("a reason is one part of one line, and no longer than it helps", () => {
  const reason = `cannot send a request to "a\r\n\u0000${"x".repeat(1_000)}"`;

  const [line = ""] = logOf([{ ...EXCHANGE, status: 400, error: "bad_request", reason }]);

  expect(line.indexOf("\n")).toBe(line.length - 1);
  expect(JSON.parse(line)).toMatchObject({ error: "bad_request", reason: reason.slice(0, 256) });
});

test("what a client writes cannot break out of its line", () => {
  const head = { ...EXCHANGE.head, target: '/a\n{"status":200}', authority: 'x"\u2028' };

  const [line = ""] = logOf([{ ...EXCHANGE, head }]);

  expect(line.indexOf("\n")).toBe(line.length - 1);
  expect(JSON.parse(line)).toMatchObject({ path: '/a\n{"status":200}', host: 'x"\u2028' });
});
