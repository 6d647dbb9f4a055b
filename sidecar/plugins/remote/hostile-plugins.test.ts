import { connect, createServer, type AddressInfo, type Socket } from "node:net";

import { expect, test } from "vitest";

import { systemClock } from "../../../core/clock.ts";
import { createLogger } from "../../../core/log.ts";
import { ManualClock } from "../../../core/manual-clock.ts";
import { GrpcPlugin, header, type ObserveStream } from "../../../test/support/grpc-plugin.ts";
import { loadRemote, LoadedRemote, nextTurn } from "../../../test/support/loaded-remote.ts";
import { ask } from "../../../test/support/plugin-spec.ts";
import { RemoteRuntime } from "./remote-runtime.ts";

const OBSERVE = { apiVersion: "mesh.v1", observeStreams: 1 };

/** Runs once for each Observe stream that is opened; the first behaves as told, the others well. */
function onFirstStream(first: (stream: ObserveStream, id: number) => void): (stream: ObserveStream) => void {
  let opened = 0;
  return (stream) => {
    const isFirst = ++opened === 1;
    stream.on("data", ({ request }) => {
      if (!request) return;
      if (isFirst) first(stream, request.id);
      else stream.write({ id: request.id, position: request.position, completed: true });
    });
  };
}

async function reconnected(loaded: LoadedRemote): Promise<void> {
  while (loaded.instance.fault === undefined) await nextTurn();
  while (loaded.instance.fault !== undefined) await nextTurn();
}

test.for<[string, (stream: ObserveStream, id: number) => void]>([
  ["ends its stream in the middle of an answer", (stream) => stream.end()],
  [
    "breaks its stream in the middle of an answer",
    (stream, id) => {
      stream.write({ id, position: 0, next: { httpCode: 403 } });
      stream.emit("error", new Error("boom"));
    },
  ],
  [
    "answers 10 MB",
    (stream, id) => stream.write({ id, position: 0, next: { httpCode: 403, body: "x".repeat(10_000_000) } }),
  ],
  [
    "floods with answers that nobody asked for",
    (stream) => {
      for (let id = 1; id < 5_000; id++) stream.write({ id: -id, position: 0, completed: true });
    },
  ],
])("an Observe plugin that %s fails what is open and is connected anew", async ([, behave]) => {
  await using loaded = await LoadedRemote.start({ description: OBSERVE, observe: onFirstStream(behave) });

  const during = await ask(loaded.instance);
  await reconnected(loaded);
  const after = await ask(loaded.instance);

  expect(during.verdict).toMatchObject({ kind: "failed", cause: "unreachable" });
  expect(after.verdict).toEqual({ kind: "allow" });
});

test("an Observe plugin that says nothing in an answer breaks the rules, for that answer only", async () => {
  await using loaded = await LoadedRemote.start({
    description: OBSERVE,
    observe: onFirstStream((stream, id) => stream.write({ id, position: 0 })),
  });

  const { verdict } = await ask(loaded.instance);

  expect(verdict).toMatchObject({ kind: "failed", cause: "invalid_answer" });
  expect(loaded.instance.fault).toBeUndefined();
});

test("an Observe plugin that answers the other position answers nobody", async () => {
  await using loaded = await LoadedRemote.start({
    description: OBSERVE,
    observe: onFirstStream((stream, id) => stream.write({ id, position: 1, completed: true })),
  });

  const { verdict } = await ask(loaded.instance, { timeout: 60 });

  expect(verdict).toMatchObject({ kind: "failed", cause: "timeout" });
});

test("an Observe plugin that does not read is waited for, and bounded", async () => {
  await using loaded = await LoadedRemote.start({
    description: OBSERVE,
    observe: (stream) => void stream.pause(),
  });
  const headers = ["X-Large", "x".repeat(30_000)];

  const asked = await Promise.all(
    Array.from({ length: 600 }, () => ask(loaded.instance, { headers, timeout: 300 })),
  );

  const causes = new Map<string, number>();
  for (const { verdict } of asked)
    if (verdict.kind === "failed") causes.set(verdict.cause, (causes.get(verdict.cause) ?? 0) + 1);
  // Some were written until gRPC asked to wait, the others waited in line: 8 MiB of them, and no more.
  expect([...causes.keys()].sort()).toEqual(["queue_full", "timeout"]);
  expect(causes.get("timeout")).toBeLessThan(100);
});

test.for<
  [
    string,
    string,
    (call: Parameters<NonNullable<Parameters<typeof GrpcPlugin.start>[0]>["execute"] & {}>[0]) => void,
  ]
>([
  ["answers 10 MB", "invalid_answer", (call) => call.write({ httpCode: 403, body: "x".repeat(10_000_000) })],
  [
    "ends its call by an error after an answer",
    "throw",
    (call) => {
      call.write({ headerSet: [header("X-WEB-A", "1")] });
      call.emit("error", Object.assign(new Error("boom"), { code: 13 }));
    },
  ],
  ["cuts its call", "throw", (call) => call.emit("error", Object.assign(new Error("gone"), { code: 1 }))],
])("an Execute plugin that %s fails that call only: %s", async ([, cause, behave]) => {
  let calls = 0;
  await using loaded = await LoadedRemote.start({
    execute: (call) => (++calls === 1 ? behave(call) : call.end()),
  });

  const first = await ask(loaded.instance);
  const second = await ask(loaded.instance);

  expect(first.verdict).toMatchObject({ kind: "failed", cause });
  expect(second.verdict).toEqual({ kind: "allow" });
  expect(calls).toBe(2);
});

test("a plugin that does not take its config is refused, with what it says", async () => {
  const says = Object.assign(new Error("windows[0]: until is not after from"), { code: 3 });
  await using plugin = await GrpcPlugin.start({ describe: () => Promise.reject(says) });
  await using runtime = new RemoteRuntime(systemClock, createLogger("silent"));

  const outcome = await loadRemote(runtime, plugin.address);

  expect(outcome).toMatchObject({ kind: "failed", cause: "not_loaded" });
  expect(outcome.kind === "failed" && outcome.detail).toMatch(/refuses Describe: .*until is not after from/);
});

test("a peer that speaks something else than gRPC is unreachable", async () => {
  await using web = await listening((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await using runtime = new RemoteRuntime(systemClock, createLogger("silent"));

  const outcome = await loadRemote(runtime, web.address);

  expect(outcome.kind === "loaded" && outcome.instance.fault).toBe("unreachable");
});

test("a connection that is half open is noticed by two heartbeats without an answer", async () => {
  const clock = new ManualClock();
  await using plugin = await GrpcPlugin.start({ description: OBSERVE });
  await using relay = await Relay.to(plugin.address);
  await using runtime = new RemoteRuntime(clock, createLogger("silent"));
  const outcome = await loadRemote(runtime, relay.address);
  if (outcome.kind === "failed") throw new Error(outcome.detail);

  relay.swallow = true;
  clock.advance(5_000);
  await realTime(2_100);
  const afterOne = outcome.instance.fault;
  clock.advance(5_000);
  await realTime(2_100);

  expect(afterOne).toBeUndefined();
  expect(outcome.instance.fault).toBe("unreachable");
  expect(outcome.instance.faultDetail).toMatch(/no heartbeat/);
});

test("a server that comes back as another version is not asked", async () => {
  await using loaded = await LoadedRemote.start({});
  const { address } = loaded.plugin;

  await loaded.plugin[Symbol.asyncDispose]();
  await using other = await GrpcPlugin.start({ description: { version: "2.0.0" } }, address);
  while (!/version "2.0.0"/.test(loaded.instance.faultDetail ?? "")) await nextTurn();
  const { verdict } = await ask(loaded.instance);

  expect(verdict).toMatchObject({ kind: "failed", cause: "unreachable" });
  expect(other.requests).toEqual([]);
});

test("nothing is left of a runtime that is disposed of: no timer, no socket", async () => {
  const clock = new ManualClock();
  await using plugin = await GrpcPlugin.start({ description: OBSERVE });
  await using relay = await Relay.to(plugin.address);
  const runtime = new RemoteRuntime(clock, createLogger("silent"));
  await loadRemote(runtime, relay.address);
  await loadRemote(runtime, "127.0.0.1:1", { name: "guard" });

  await runtime[Symbol.asyncDispose]();
  while (relay.connections > 0) await nextTurn();

  expect(clock.pending).toBe(0);
});

async function realTime(milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  systemClock.after(milliseconds, resolve);
  await promise;
}

interface Listening extends AsyncDisposable {
  readonly address: string;
}

async function listening(accept: (socket: Socket) => void): Promise<Listening> {
  const server = createServer(accept);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { address, [Symbol.asyncDispose]: async () => void server.close() };
}

/** Passes bytes on, until told to swallow them: then both ends believe in a connection that is none. */
class Relay implements AsyncDisposable {
  swallow = false;
  readonly #sockets = new Set<Socket>();
  #server: Listening | undefined;

  static async to(address: string): Promise<Relay> {
    const relay = new Relay();
    const port = Number(address.split(":")[1]);
    relay.#server = await listening((near) => relay.#join(near, connect(port, "127.0.0.1")));
    return relay;
  }

  get address(): string {
    return this.#server?.address ?? "";
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.#server?.[Symbol.asyncDispose]();
  }

  #join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (bytes) => this.swallow || to.write(bytes));
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
