import { createServer, type AddressInfo } from "node:net";

import { describe, expect, test } from "vitest";

import { systemClock } from "../../../core/clock.ts";
import { createLogger } from "../../../core/log.ts";
import type { DescribeResponse } from "../../../proto/gen/mesh/v1/DescribeResponse.ts";
import type { MeshResponse } from "../../../proto/gen/mesh/v1/MeshResponse.ts";
import { GrpcPlugin, header } from "../../../test/support/grpc-plugin.ts";
import { loadRemote, LoadedRemote, nextTurn } from "../../../test/support/loaded-remote.ts";
import { ask, segmentCall } from "../../../test/support/plugin-spec.ts";
import { TemporaryFolder } from "../../../test/support/temporary-folder.ts";
import { RemoteRuntime } from "./remote-runtime.ts";

const log = createLogger("silent");
const MODES = [
  ["Execute", { apiVersion: "mesh.v1" }],
  ["Observe", { apiVersion: "mesh.v1", observeStreams: 2 }],
] as const satisfies readonly (readonly [string, DescribeResponse])[];

describe.for(MODES)("a plugin asked by %s", ([, description]) => {
  test("sees headers by name, edits before it, and what the mesh adds", async () => {
    await using loaded = await LoadedRemote.start({ description });

    await ask(loaded.instance, {
      headers: ["Host", "a.example", "Accept", "x", "X-B", "caf\xe9", "accept", "y"],
      edits: [
        { name: "x-b", values: ["2"] },
        { name: "X-C", values: ["3", "4"] },
      ],
      tag: "gräu",
      timeout: 500,
    });

    const [request] = loaded.plugin.requests;
    const headers = request?.headers.map(({ key, value }) => [key.toString("latin1"), ...value.map(String)]);
    expect(request).toMatchObject({ position: 0, tag: "gräu", bizStartAt: 1_000, timeout: 500, attempt: 1 });
    expect(headers).toEqual([
      ["Host", "a.example"],
      ["Accept", "x", "y"],
      ["X-B", "2"],
      ["X-C", "3", "4"],
      ["X-Mesh-Method", "GET"],
      ["X-Mesh-Host", "a.example"],
      ["X-Mesh-Remote-Ip", "10.0.0.1"],
      ["X-Mesh-Querystring", "q=1"],
      ["X-Mesh-Path", "/echo"],
    ]);
  });

  test("gets the bytes of a value as they arrived, and the status at position 1", async () => {
    await using loaded = await LoadedRemote.start({ description });

    await ask(loaded.instance, {
      headers: ["X-B", "caf\xe9"],
      message: { position: 1, status: 404, id: 2 ** 51 },
    });

    const [request] = loaded.plugin.requests;
    expect(request?.id).toBe(2 ** 51);
    expect(request?.headers[0]?.value[0]).toEqual(Buffer.from("caf\xe9", "latin1"));
    expect(request?.headers.at(-1)).toEqual(header("X-Mesh-Status", "404"));
  });

  test("allows by saying nothing", async () => {
    await using loaded = await LoadedRemote.start({ description, answer: () => [] });

    expect((await ask(loaded.instance)).verdict).toEqual({ kind: "allow" });
  });

  test("rewrites: what it says several times is merged in order", async () => {
    await using loaded = await LoadedRemote.start({
      description,
      answer: () => [
        { headerSet: [header("X-WEB-A", "1"), header("X-WEB-B", "caf\xe9")] },
        { headerSet: [header("x-web-a", "2", "3"), header("X-WEB-C")] },
      ],
    });

    const { verdict, micros } = await ask(loaded.instance);

    expect(verdict).toEqual({
      kind: "rewrite",
      edits: [
        { name: "x-web-a", values: ["2", "3"] },
        { name: "X-WEB-B", values: ["caf\xe9"] },
        { name: "X-WEB-C", values: [] },
      ],
    });
    expect(micros).toBeGreaterThan(0);
  });

  test("names a header twice in one response: the later one is meant, and there is one edit for it", async () => {
    const headerSet = [header("X-WEB-A", "1"), header("x-web-a", "2")];
    await using loaded = await LoadedRemote.start({ description, answer: () => [{ headerSet }] });

    const { verdict } = await ask(loaded.instance);

    expect(verdict).toEqual({ kind: "rewrite", edits: [{ name: "x-web-a", values: ["2"] }] });
  });

  test("blocks: the first block is the whole answer", async () => {
    await using loaded = await LoadedRemote.start({
      description,
      answer: () => [
        { headerSet: [header("X-WEB-A", "1")] },
        { httpCode: 401, headerSet: [header("WWW-Authenticate", "Bearer")], body: "für dich nicht" },
        { httpCode: 503, body: "too late" },
      ],
    });

    expect((await ask(loaded.instance)).verdict).toEqual({
      kind: "block",
      answer: {
        status: 401,
        headers: [{ name: "WWW-Authenticate", values: ["Bearer"] }],
        body: Buffer.from("für dich nicht"),
      },
    });
  });

  test("fails by onError, with its text", async () => {
    await using loaded = await LoadedRemote.start({
      description,
      answer: () => Promise.reject(new Error("no such table")),
    });

    const { verdict } = await ask(loaded.instance);

    expect(verdict).toMatchObject({ kind: "failed", cause: "throw" });
    expect(verdict.kind === "failed" && verdict.detail).toMatch(/no such table/);
  });

  test.for([
    ["an illegal name", { headerSet: [header("X WEB", "1")] }],
    ["an illegal value", { headerSet: [header("X-WEB-A", "1\r\nX-Evil: 2")] }],
    ["a name of the wire", { headerSet: [header("Transfer-Encoding", "chunked")] }],
    ["a name of the mesh", { headerSet: [header("X-Mesh-Path", "/")] }],
    ["a code below 200", { httpCode: 101 }],
    ["a code above 599", { httpCode: 600 }],
    ["a negative code", { httpCode: -1 }],
    ["a body over 1 MiB", { httpCode: 403, body: "x".repeat(1024 * 1024 + 1) }],
    ["headers over 64 KiB", { headerSet: [header("X-WEB-A", "x".repeat(64 * 1024))] }],
  ] satisfies [string, MeshResponse][])(
    "is invalid with %s, and the next question is answered",
    async ([, bad]) => {
      const answers: MeshResponse[][] = [[bad], [{ headerSet: [header("X-WEB-A", "1")] }]];
      await using loaded = await LoadedRemote.start({ description, answer: () => answers.shift() ?? [] });

      const first = await ask(loaded.instance);
      const second = await ask(loaded.instance);

      expect(first.verdict).toMatchObject({ kind: "failed", cause: "invalid_answer" });
      expect(second.verdict.kind).toBe("rewrite");
    },
  );

  test("is invalid when it answers without end", async () => {
    const endless = Array.from({ length: 5_000 }, () => ({ headerSet: [header("X-WEB-A", "1")] }));
    const answers = [endless, []];
    await using loaded = await LoadedRemote.start({ description, answer: () => answers.shift() ?? [] });

    const { verdict } = await ask(loaded.instance);

    expect(verdict).toMatchObject({ kind: "failed", cause: "invalid_answer" });
  });

  test("that never answers is given up at its timeout, and told so", async () => {
    const { promise: never } = Promise.withResolvers<never>();
    await using loaded = await LoadedRemote.start({ description, answer: () => never });
    const begun = performance.now();

    const { verdict } = await ask(loaded.instance, { timeout: 80 });

    expect(verdict).toMatchObject({ kind: "failed", cause: "timeout" });
    expect(performance.now() - begun).toBeLessThan(180);
  });

  test("that answers after its time disturbs nobody", async () => {
    const late = Promise.withResolvers<[]>();
    const answers = [late.promise, Promise.resolve([{ httpCode: 403 }])];
    await using loaded = await LoadedRemote.start({ description, answer: () => answers.shift() ?? [] });

    const first = await ask(loaded.instance, { timeout: 50 });
    late.resolve([]);
    const second = await ask(loaded.instance);

    expect(first.verdict).toMatchObject({ cause: "timeout" });
    expect(second.verdict.kind).toBe("block");
  });

  test("has the chain's deadline where that is earlier", async () => {
    const { promise: never } = Promise.withResolvers<never>();
    await using loaded = await LoadedRemote.start({ description, answer: () => never });

    const { verdict } = await ask(loaded.instance, { deadline: systemClock.now() + 40 });

    expect(verdict).toMatchObject({ kind: "failed", cause: "chain_deadline" });
    expect(loaded.plugin.requests[0]?.timeout).toBeLessThanOrEqual(40);
  });

  test("answers many questions at once, each its own", async () => {
    await using loaded = await LoadedRemote.start({
      description,
      answer: ({ id }) => [{ headerSet: [header("X-WEB-ID", `${id}`)] }],
    });
    const ids = Array.from({ length: 300 }, (_, index) => 10_000 + index);

    const results = await Promise.all(ids.map((id) => ask(loaded.instance, { message: { id } })));

    const answered = results.map(({ verdict }) => verdict.kind === "rewrite" && verdict.edits[0]?.values[0]);
    expect(answered).toEqual(ids.map(String));
  });

  test("is unreachable while its server is gone, is never asked twice, and serves again when it is back", async () => {
    const { promise: never } = Promise.withResolvers<never>();
    await using loaded = await LoadedRemote.start({ description, answer: () => never });
    const { address, requests } = loaded.plugin;
    const open = ask(loaded.instance);
    while (requests.length === 0) await nextTurn();

    await loaded.plugin[Symbol.asyncDispose]();
    const broken = await open;
    const refused = await ask(loaded.instance);
    await using again = await GrpcPlugin.start({ description }, address);
    while (loaded.instance.fault !== undefined) await nextTurn();
    const served = await ask(loaded.instance);

    expect(broken.verdict).toMatchObject({ kind: "failed", cause: "unreachable" });
    expect(refused.verdict).toMatchObject({ kind: "failed", cause: "unreachable" });
    expect(served.verdict).toEqual({ kind: "allow" });
    expect(again.requests).toHaveLength(1);
    expect(requests).toHaveLength(1);
  });

  test("has no more questions under way than it said; the others wait their turn", async () => {
    let open = 0;
    let most = 0;
    await using loaded = await LoadedRemote.start({
      description: { ...description, maxInFlight: 3 },
      answer: async () => {
        most = Math.max(most, ++open);
        await nextTurn();
        open--;
        return [];
      },
    });

    const results = await Promise.all(Array.from({ length: 40 }, () => ask(loaded.instance)));

    expect(results.every(({ verdict }) => verdict.kind === "allow")).toBe(true);
    expect(most).toBe(3);
  });

  test("has a line that ends: what is beyond it fails at once, what waits too long fails in time", async () => {
    const { promise: never } = Promise.withResolvers<never>();
    await using loaded = await LoadedRemote.start({
      description: { ...description, maxInFlight: 1 },
      answer: () => never,
    });

    const asked = Array.from({ length: 1_100 }, () => ask(loaded.instance, { timeout: 100 }));
    const beyond = await Promise.race(asked.slice(1_025));
    const background = await ask(loaded.instance, { background: true });
    const causes = (await Promise.all(asked)).map(
      ({ verdict }) => verdict.kind === "failed" && verdict.cause,
    );

    expect(beyond.verdict).toMatchObject({ cause: "queue_full" });
    expect(background.verdict).toMatchObject({ cause: "queue_full" });
    expect(causes.filter((cause) => cause === "queue_full").length).toBeGreaterThan(1_000);
    expect(new Set(causes)).toEqual(new Set(["timeout", "queue_full"]));
  });

  test("is drained when it is unloaded: what is under way is answered, what comes later is not", async () => {
    const answer = Promise.withResolvers<[]>();
    await using loaded = await LoadedRemote.start({ description, answer: () => answer.promise });
    const open = ask(loaded.instance);

    const unloaded = loaded.instance.unload();
    const later = await ask(loaded.instance);
    answer.resolve([]);
    await unloaded;

    expect((await open).verdict).toEqual({ kind: "allow" });
    expect(later.verdict).toMatchObject({ kind: "failed", cause: "not_loaded" });
  });
});

test("a question that nobody wants any more is taken back, and never answered", async () => {
  const { promise: never } = Promise.withResolvers<never>();
  await using loaded = await LoadedRemote.start({ description: { observeStreams: 1 }, answer: () => never });
  const answered: unknown[] = [];
  const call = segmentCall({ message: { id: 77 } });
  const handle = loaded.instance.runner.run(call, (results) => answered.push(results));
  while (loaded.plugin.requests.length === 0) await nextTurn();

  handle.cancel();
  while (loaded.plugin.cancelled.length === 0) await nextTurn();

  expect(loaded.plugin.cancelled).toEqual(["77:0"]);
  expect(answered).toEqual([]);
});

test.for([
  [{ apiVersion: "mesh.v2" }, 'it speaks "mesh.v2", this sidecar speaks mesh.v1'],
  [{ apiVersion: "" }, "it names no api_version; this sidecar speaks mesh.v1"],
  [{ name: "guard" }, 'it is plugin "guard", the manifest says tagger'],
  [{ version: "2.0.0" }, 'it is version "2.0.0", the manifest says 1.0.0'],
  [{ positions: [1] }, "it wants the positions response, the manifest also names request"],
] satisfies [DescribeResponse, string][])(
  "a server that is another plugin is a load failure in plain words: %j",
  async ([said, words]) => {
    await using plugin = await GrpcPlugin.start({ description: said });
    await using runtime = new RemoteRuntime(systemClock, log);

    const outcome = await loadRemote(runtime, plugin.address);

    expect(outcome).toMatchObject({ kind: "failed", cause: "not_loaded" });
    expect(outcome.kind === "failed" && outcome.detail).toBe(
      `the plugin tagger at ${plugin.address}: ${words}`,
    );
  },
);

test("a plugin whose server comes up later serves from then on", async () => {
  await using folder = await TemporaryFolder.create();
  const address = `unix:${folder.join("plugin.sock")}`;
  await using runtime = new RemoteRuntime(systemClock, log);

  const outcome = await loadRemote(runtime, address);
  if (outcome.kind === "failed") throw new Error(outcome.detail);
  const before = await ask(outcome.instance);
  await using plugin = await GrpcPlugin.start({}, address);
  while (outcome.instance.fault !== undefined) await nextTurn();
  const after = await ask(outcome.instance);

  expect(before.verdict).toMatchObject({ cause: "unreachable" });
  expect(after.verdict).toEqual({ kind: "allow" });
  expect(plugin.requests).toHaveLength(1);
});

test("a new version that nobody serves does not take the place of one that works", async () => {
  await using plugin = await GrpcPlugin.start();
  await using runtime = new RemoteRuntime(systemClock, log);
  await loadRemote(runtime, plugin.address);

  const outcome = await loadRemote(runtime, "127.0.0.1:1", { version: "2.0.0" });

  expect(outcome).toMatchObject({ kind: "failed", cause: "unreachable" });
});

test("a server that takes connections and says nothing is unreachable, not a hang", async () => {
  const silent = createServer(() => {});
  silent.listen(0, "127.0.0.1");
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  silent.once("listening", resolve);
  await listening;
  await using runtime = new RemoteRuntime(systemClock, log);

  const outcome = await loadRemote(runtime, `127.0.0.1:${(silent.address() as AddressInfo).port}`);

  expect(outcome.kind === "loaded" && outcome.instance.fault).toBe("unreachable");
  silent.close();
});
