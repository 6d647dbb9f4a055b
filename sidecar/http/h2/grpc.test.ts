import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { expect, test } from "vitest";

import { ECHO, EchoClient, EchoServer } from "../../../test/support/echo-call.ts";
import { Http2Front, Http2Join } from "../../../test/support/http2-fixture.ts";
import { grpcAnswer } from "../grpc-answer.ts";

interface UnaryResult {
  readonly error: ServiceError | null;
  readonly value: string | undefined;
  readonly metadata: Metadata | undefined;
  readonly trailer: Metadata | undefined;
}

async function unary(
  client: EchoClient,
  text: string,
  metadata = new Metadata(),
  deadline?: number,
): Promise<UnaryResult> {
  const { path, requestSerialize, responseDeserialize } = ECHO.unary;
  const options = deadline === undefined ? {} : { deadline: Date.now() + deadline };
  return await new Promise((resolve) => {
    let head: Metadata | undefined;
    let trailer: Metadata | undefined;
    let result: Pick<UnaryResult, "error" | "value"> | undefined;
    const finish = (): void => {
      if (result !== undefined && trailer !== undefined) resolve({ ...result, metadata: head, trailer });
    };
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      Buffer.from(text),
      metadata,
      options,
      (error, value) => {
        result = { error, value: value?.toString() };
        finish();
      },
    );
    call.on("metadata", (got) => (head = got));
    call.on("status", (got) => {
      trailer = got.metadata;
      finish();
    });
  });
}

test("a unary call passes with metadata and trailers", async () => {
  await using app = await EchoServer.start();
  await using join = await Http2Join.start(app.port);
  using client = new EchoClient(join.port);
  const metadata = new Metadata();
  metadata.add("x-many", "a");
  metadata.add("x-many", "b");
  metadata.set("x-bin", Buffer.from([0, 255, 7]));

  const { error, value, metadata: head, trailer } = await unary(client, "hello", metadata);

  expect([error, value]).toEqual([null, "hello"]);
  expect(head?.get("x-bin")).toEqual([Buffer.from([0, 255, 7])]);
  expect(head?.get("x-many").join(", ")).toBe("a, b");
  expect(trailer?.get("x-trailer")).toEqual(["behind"]);
});

test("a status that is not OK passes with its details", async () => {
  await using app = await EchoServer.start();
  await using join = await Http2Join.start(app.port);
  using client = new EchoClient(join.port);

  const { error } = await unary(client, "fail");

  expect(error).toMatchObject({ code: status.ALREADY_EXISTS, details: "no: ü%" });
});

test("a method that the app does not have is UNIMPLEMENTED, trailers-only", async () => {
  await using app = await EchoServer.start();
  await using join = await Http2Join.start(app.port);
  using client = new EchoClient(join.port);
  const { requestSerialize, responseDeserialize } = ECHO.unary;

  const error = await new Promise<ServiceError | null>((resolve) => {
    const path = "/test.Echo/Nothing";
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, Buffer.from("x"), (failed) =>
      resolve(failed),
    );
  });

  expect(error?.code).toBe(status.UNIMPLEMENTED);
});

test("the deadline of a call reaches the app, and its end cancels the call there", async () => {
  await using app = await EchoServer.start();
  await using join = await Http2Join.start(app.port);
  using client = new EchoClient(join.port);

  const { error } = await unary(client, "hang", new Metadata(), 300);

  expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
  expect(app.deadlines[0]).toBeLessThanOrEqual(300);
  while (app.cancelled.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(app.cancelled).toEqual(["unary"]);
});

test("a client's stream of a few MiB is collected", async () => {
  await using app = await EchoServer.start();
  await using join = await Http2Join.start(app.port);
  using client = new EchoClient(join.port);
  const { path, requestSerialize, responseDeserialize } = ECHO.collect;

  const collected = await new Promise<string | undefined>((resolve, reject) => {
    const call = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error, value) =>
      error === null ? resolve(value?.toString()) : reject(error),
    );
    for (let i = 0; i < 100; i++) call.write(Buffer.alloc(50_000));
    call.end();
  });

  expect(collected).toBe("5000000");
});

test("a server's stream comes part by part", async () => {
  await using app = await EchoServer.start();
  await using join = await Http2Join.start(app.port);
  using client = new EchoClient(join.port);
  const { path, requestSerialize, responseDeserialize } = ECHO.repeat;
  const parts: string[] = [];

  const call = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    Buffer.from("again"),
  );
  for await (const part of call) parts.push(String(part));

  expect(parts).toEqual(["again", "again", "again"]);
});

test("a conversation goes back and forth, and hears of the end", async () => {
  await using app = await EchoServer.start();
  await using join = await Http2Join.start(app.port);
  using client = new EchoClient(join.port);
  const { path, requestSerialize, responseDeserialize } = ECHO.chat;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const heard: string[] = [];
  const ended = new Promise<number>((resolve) => call.on("status", ({ code }) => resolve(code)));

  call.on("data", (part: Buffer) => {
    heard.push(part.toString());
    if (heard.length < 20) call.write(Buffer.from(`message ${heard.length}`));
    else call.end();
  });
  call.write(Buffer.from("message 0"));

  expect(await ended).toBe(status.OK);
  expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => `message ${i}`));
});

test("a conversation that the client cancels is cancelled at the app", async () => {
  await using app = await EchoServer.start();
  await using join = await Http2Join.start(app.port);
  using client = new EchoClient(join.port);
  const { path, requestSerialize, responseDeserialize } = ECHO.chat;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  call.on("error", () => {});
  const ended = new Promise<number>((resolve) => call.on("status", ({ code }) => resolve(code)));

  call.once("data", () => call.cancel());
  call.write(Buffer.from("hello"));

  expect(await ended).toBe(status.CANCELLED);
  while (app.cancelled.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(app.cancelled).toEqual(["chat"]);
});

test("an answer of our own is a status that the client understands", async () => {
  await using front = await Http2Front.start((exchange) =>
    exchange.respond(grpcAnswer(status.UNAUTHENTICATED, "who are you?"), undefined),
  );
  using client = new EchoClient(front.port);

  const { error } = await unary(client, "hello");

  expect(error).toMatchObject({ code: status.UNAUTHENTICATED, details: "who are you?" });
});
