import { Metadata, status, type ServiceError, type StatusObject } from "@grpc/grpc-js";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";

import { GrpcApp, talkTo, type TalkClient } from "../support/grpc-app.ts";
import { TestMesh } from "../support/mesh.ts";

/** Short, so that a stream outlives it many times within the test. */
const BODY_IDLE = 400;

const GUARD = `export default {
  execute(request) {
    const asked = request.headers.get("x-block");
    if (asked !== undefined) return { httpCode: Number(asked), body: "nö: " + asked };
    return { headerSet: [{ key: "X-Question", value: ["asked by a plugin"] }] };
  },
};`;

let app: GrpcApp;
let mesh: TestMesh;
let client: TalkClient & Disposable;

beforeAll(async () => {
  app = await GrpcApp.start();
  mesh = await TestMesh.start({
    app: app.port,
    plugins: { guard: { source: GUARD } },
    settings: { accessLog: false, bodyIdleTimeout: `${BODY_IDLE}ms` },
  });
  await mesh.serving("guard");
  client = talkTo(mesh.inbound);
});

afterAll(async () => {
  client[Symbol.dispose]();
  await mesh[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

interface Said {
  readonly text: string | undefined;
  readonly error: ServiceError | null;
  readonly initial: Metadata | undefined;
  readonly status: StatusObject | undefined;
}

async function say(
  text: string,
  fields: Readonly<Record<string, string>> = {},
  deadline?: number,
): Promise<Said> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(fields)) metadata.set(name, value);
  const options = deadline === undefined ? {} : { deadline: Date.now() + deadline };
  let initial: Metadata | undefined;
  const { promise, resolve } = Promise.withResolvers<Omit<Said, "initial" | "status">>();
  const call = client.say(text, metadata, options, (error, value) =>
    resolve({ error: error as ServiceError | null, text: value }),
  );
  call.on("metadata", (received: Metadata) => (initial = received));
  const [ended] = (await once(call, "status")) as [StatusObject];
  return { ...(await promise), initial, status: ended };
}

test("a unary call passes with metadata both ways and trailers, and plugins see it", async () => {
  const said = await say("hello");

  expect(said.text).toBe("hello");
  expect(said.initial?.get("x-initial")).toEqual(["asked by a plugin"]);
  expect(said.status?.code).toBe(status.OK);
  expect(said.status?.metadata.get("x-trailer")).toEqual(["behind"]);
});

test.for([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])(
  "the app's status %i arrives with its message and trailers",
  async (code) => {
    const { error } = await say(`fail:${code}`);

    expect(error?.code).toBe(code);
    expect(error?.details).toBe("fäiled as asked");
    expect(error?.metadata.get("x-trailer")).toEqual(["behind"]);
  },
);

test.for([
  [401, status.UNAUTHENTICATED],
  [403, status.PERMISSION_DENIED],
  [404, status.UNIMPLEMENTED],
  [429, status.UNAVAILABLE],
  [503, status.UNAVAILABLE],
  [200, status.PERMISSION_DENIED],
  [500, status.PERMISSION_DENIED],
] as const)("a plugin's block with %i becomes trailers-only with status %i", async ([httpCode, code]) => {
  const { error } = await say("hello", { "x-block": String(httpCode) });

  expect(error?.code).toBe(code);
  expect(error?.details).toBe(`nö: ${httpCode}`);
});

test("client streaming, server streaming and a conversation", async () => {
  const collected = Promise.withResolvers<string | undefined>();
  const collecting = client.collect(new Metadata(), (_error, value) => collected.resolve(value));
  for (const text of ["a", "b", "c"]) collecting.write(text);
  collecting.end();
  expect(await collected.promise).toBe("a,b,c");

  const numbers: string[] = [];
  for await (const number of client.count("500")) numbers.push(number as string);
  expect(numbers).toHaveLength(500);
  expect(numbers.at(-1)).toBe("500");

  const chat = client.chat();
  for (const text of ["one", "two"]) {
    chat.write(text);
    expect(await once(chat, "data")).toEqual([text]);
  }
  chat.end();
  chat.resume();
  const [ended] = (await once(chat, "status")) as [StatusObject];
  expect(ended.code).toBe(status.OK);
});

test("a message of 3 MiB arrives whole, both ways", async () => {
  const long = "sluice ".repeat(450_000);

  expect((await say(long)).text).toBe(long);
});

test("a call whose deadline passes ends so at the client, and is cancelled at the app", async () => {
  const before = app.notes.length;

  const { error } = await say("wait", {}, 300);

  expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
  await expect.poll(() => app.notes.slice(before)).toEqual(["say heard wait", "say cancelled"]);
});

test("cancelling reaches the app, from a unary call and from streams", async () => {
  const before = app.notes.length;
  const unary = client.say("wait", new Metadata(), {}, () => undefined);
  await expect.poll(() => app.notes.slice(before)).toEqual(["say heard wait"]);
  unary.cancel();

  const counting = client.count("forever");
  counting.on("error", () => undefined);
  await once(counting, "data");
  counting.cancel();

  const chat = client.chat();
  chat.on("error", () => undefined);
  chat.write("hello");
  await once(chat, "data");
  chat.cancel();

  await expect
    .poll(() =>
      app.notes
        .slice(before)
        .filter((note) => note.endsWith("cancelled"))
        .toSorted(),
    )
    .toEqual(["chat cancelled", "count cancelled", "say cancelled"]);
});

test("a stream that is silent one way is kept while the other flows", async () => {
  const before = app.notes.length;
  const chat = client.chat();
  chat.write("begin");
  await once(chat, "data");

  // The app says nothing to these: only the client's direction moves, for many times the deadline.
  for (let tick = 0; tick < 12; tick++) {
    await wait(BODY_IDLE / 2);
    chat.write("tick");
  }
  chat.write("end");
  expect(await once(chat, "data")).toEqual(["end"]);

  expect(app.notes.slice(before).filter((note) => note === "chat heard tick")).toHaveLength(12);
  chat.end();
  chat.resume();
  await once(chat, "status");
});

test("a stream that is silent both ways ends at its deadline, on both sides", async () => {
  const before = app.notes.length;
  const chat = client.chat();
  const failed = once(chat, "error") as Promise<[ServiceError]>;
  chat.on("data", () => undefined);
  chat.write("begin");

  const [error] = await failed;
  expect([status.CANCELLED, status.INTERNAL, status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain(
    error.code,
  );
  await expect.poll(() => app.notes.slice(before)).toEqual(["chat heard begin", "chat cancelled"]);
});

test("an app that is not there is UNAVAILABLE", async () => {
  const gone = await GrpcApp.start();
  await gone[Symbol.asyncDispose]();
  await using before = await TestMesh.start({ app: gone.port, settings: { accessLog: false } });
  using talk = talkTo(before.inbound);

  const failed = Promise.withResolvers<ServiceError>();
  talk.say("hello", new Metadata(), {}, (error) => failed.resolve(error as ServiceError));

  expect((await failed.promise).code).toBe(status.UNAVAILABLE);
});
