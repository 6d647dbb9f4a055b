import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";

import { H1Proxy } from "../../../test/support/h1-proxy.ts";
import {
  type PlainFraming,
  type PlainMessage,
  readMessages,
  writeMessage,
} from "../../../test/support/plain-messages.ts";
import { RawServer, RawSocket } from "../../../test/support/raw-socket.ts";

/** One request and what the app is to answer. */
interface PlainExchange {
  readonly request: PlainMessage;
  readonly requestFraming: PlainFraming;
  readonly information: readonly PlainMessage[];
  readonly response: PlainMessage;
  readonly responseFraming: PlainFraming;
}

const SEEDED_RUNS = { numRuns: 300 };

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}$/);
const value = fc.stringMatching(/^([!-~\x80-\xff]([ \t!-~\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/);
// Prefixed, so that no field is by accident one that a hop must change.
const fields = fc.array(
  fc.tuple(
    token.map((name) => `X-${name}`),
    value,
  ),
  { maxLength: 8 },
);
const body = fc.oneof(
  fc.constant(""),
  fc.stringMatching(/^[\x00-\xff]{0,40}$/),
  fc.nat(200_000).map((length) => "0123456789abcdef".repeat(Math.ceil(length / 16)).slice(0, length)),
);
const chunked = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 70_000 })), {
    minLength: 1,
    maxLength: 5,
  })
  .map((chunks): PlainFraming => ({ kind: "chunked", chunks: [...chunks, 10_000] }));
const framing = fc.oneof(fc.constant<PlainFraming>({ kind: "length" }), chunked);
const target = fc.stringMatching(/^\/[!$-~]{0,40}$/);

function message(
  firstLine: string,
  parts: Omit<PlainMessage, "firstLine">,
  framing: PlainFraming,
): PlainMessage {
  return { firstLine, ...parts, trailers: framing.kind === "chunked" ? parts.trailers : [] };
}

const parts = fc.record({ fields, body, trailers: fields });

const request = fc
  .tuple(fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PURGE"), target, parts, framing)
  .map(([method, target, parts, framing]) => {
    const whole = message(`${method} ${target} HTTP/1.1`, parts, framing);
    const bodiless = method === "GET" || method === "HEAD";
    const request = { ...whole, fields: [["Host", "app.example"] as const, ...whole.fields] };
    const none: PlainFraming = { kind: "none" };
    return bodiless
      ? { request: { ...request, body: "", trailers: [] }, requestFraming: none }
      : { request, requestFraming: framing };
  });

const response = fc
  .tuple(fc.constantFrom("200 OK", "404 Not Found", "503 Service Unavailable", "299 "), parts, framing)
  .map(([status, parts, framing]) => ({
    response: message(`HTTP/1.1 ${status}`, parts, framing),
    responseFraming: framing,
  }));

const information = fc.array(
  fields.map((fields): PlainMessage => ({
    firstLine: "HTTP/1.1 103 Early Hints",
    fields,
    body: "",
    trailers: [],
  })),
  { maxLength: 2 },
);

const exchange: fc.Arbitrary<PlainExchange> = fc
  .tuple(request, response, information)
  .map(([request, response, information]) => {
    const exchange = { ...request, ...response, information };
    if (!request.request.firstLine.startsWith("HEAD ")) return exchange;
    const none: PlainFraming = { kind: "none" };
    return { ...exchange, response: { ...exchange.response, body: "", trailers: [] }, responseFraming: none };
  });

/** Writes a text in pieces, each in a turn of its own. */
async function writePieces(socket: RawSocket, text: string, cuts: readonly number[]): Promise<void> {
  let at = 0;
  for (const cut of cuts) {
    if (at >= text.length || socket.socket.destroyed) break;
    socket.write(text.slice(at, at + cut));
    at += cut;
    await new Promise(setImmediate);
  }
  if (!socket.socket.destroyed) socket.write(text.slice(at));
}

const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 20_000 })), {
  maxLength: 8,
});

function answerText({ information, response, responseFraming }: PlainExchange): string {
  const before = information.map((message) => writeMessage(message, { kind: "none" })).join("");
  return before + writeMessage(response, responseFraming);
}

/** What the app is to do, and what it saw. */
let script: readonly PlainExchange[] = [];
let scriptCuts: readonly number[] = [];
let seen: PlainMessage[] = [];
let app: RawServer;
let proxy: H1Proxy;

function idOf(request: PlainMessage | undefined): string | undefined {
  return request?.fields.find(([name]) => name === "X-Id")?.[1];
}

function followScript(connection: RawSocket): void {
  let unread = "";
  connection.socket.on("data", (chunk: Buffer) => {
    const { messages, rest } = readMessages(unread + chunk.toString("latin1"));
    unread = rest;
    for (const request of messages) {
      seen.push(request);
      const asked = script.find((exchange) => idOf(exchange.request) === idOf(request));
      if (asked !== undefined) void writePieces(connection, answerText(asked), scriptCuts);
    }
  });
}

beforeAll(async () => {
  app = await RawServer.listen(followScript);
  proxy = await H1Proxy.to(app.port, { linger: 100 });
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

let made = 0;

/** Each request says which one it is, so that the app answers the right thing in any order. */
function numbered(exchanges: readonly PlainExchange[]): PlainExchange[] {
  return exchanges.map((exchange) => ({
    ...exchange,
    request: { ...exchange.request, fields: [...exchange.request.fields, ["X-Id", `id-${made++}`] as const] },
  }));
}

function withoutConnection(message: PlainMessage): PlainMessage {
  return { ...message, fields: message.fields.filter(([name]) => name !== "Connection") };
}

test("any pipelined exchanges, cut anywhere on both sides, arrive as they were sent", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(exchange, { minLength: 1, maxLength: 4 }),
      cuts,
      cuts,
      async (exchanges, up, down) => {
        script = numbered(exchanges);
        scriptCuts = down;
        seen = [];
        await using client = await RawSocket.connect(proxy.port);
        const text = script
          .map(({ request, requestFraming }) => writeMessage(request, requestFraming))
          .join("");

        await writePieces(client, text, up);
        client.socket.end();
        const received = await client.untilEnd();

        expect(seen).toEqual(script.map(({ request }) => request));
        let asked = 0;
        const answers = readMessages(received, (firstLine) => {
          if (firstLine.startsWith("HTTP/1.1 1")) return false;
          return script[asked++]?.request.firstLine.startsWith("HEAD ") === false;
        });
        const expected = script.flatMap(({ information, response }) => [...information, response]);
        expect(answers.rest).toBe("");
        expect(answers.messages.map(withoutConnection)).toEqual(expected);
      },
    ),
    SEEDED_RUNS,
  );
});

const anywhere = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
const manner = fc.constantFrom("close", "reset");

test("a client that leaves at any byte leaves nothing behind, and the app sees no whole request that was not", async () => {
  await fc.assert(
    fc.asyncProperty(exchange, anywhere, manner, cuts, async (exchange, share, manner, up) => {
      script = numbered([exchange]);
      scriptCuts = [];
      seen = [];
      const client = await RawSocket.connect(proxy.port);
      const { request, requestFraming } = script[0] as PlainExchange;
      const text = writeMessage(request, requestFraming);
      const sent = text.slice(0, Math.floor(text.length * share));

      await writePieces(client, sent, up);
      if (manner === "close") client.socket.destroySoon();
      else client.socket.resetAndDestroy();
      await client.untilClosed();
      await proxy.server.emptied();

      // What the app sees of the request before may still come in.
      const whole = seen.filter((other) => idOf(other) === idOf(request));
      expect(whole.length).toBeLessThanOrEqual(sent.length === text.length ? 1 : 0);
      await expect.poll(() => proxy.pool.open - proxy.pool.idle).toBe(0);
    }),
    SEEDED_RUNS,
  );
});

test("an app that leaves at any byte gives an error or a cut, never an answer that looks whole", async () => {
  await fc.assert(
    fc.asyncProperty(exchange, anywhere, manner, async (exchange, share, manner) => {
      await using leaver = await RawServer.listen((connection) => {
        let unread = "";
        connection.socket.on("data", (chunk: Buffer) => {
          unread += chunk.toString("latin1");
          if (readMessages(unread).messages.length === 0) return;
          const text = answerText(exchange);
          connection.write(text.slice(0, Math.floor(text.length * share)));
          if (manner === "close") connection.socket.end();
          else connection.socket.resetAndDestroy();
        });
      });
      await using through = await H1Proxy.to(leaver.port, { linger: 100 });
      await using client = await RawSocket.connect(through.port);

      client.write(writeMessage(exchange.request, exchange.requestFraming));
      client.socket.end();
      const received = await client.untilEnd();

      const isHead = exchange.request.firstLine.startsWith("HEAD ");
      const { messages } = readMessages(received, (line) => !line.startsWith("HTTP/1.1 1") && !isHead);
      const information = messages.filter(({ firstLine }) => firstLine.startsWith("HTTP/1.1 1"));
      const answers = messages.slice(information.length).map(withoutConnection);
      const isError = answers[0]?.fields.some(([name]) => name === "x-mesh-error") === true;
      const possible =
        share < 1 ? [[]] : manner === "close" ? [[exchange.response]] : [[], [exchange.response]];
      expect(exchange.information.slice(0, information.length)).toEqual(information);
      expect(possible).toContainEqual(isError && possible[0]?.length === 0 ? [] : answers);
      await through.server.emptied();
      expect(through.pool.open).toBe(0);
    }),
    SEEDED_RUNS,
  );
});
