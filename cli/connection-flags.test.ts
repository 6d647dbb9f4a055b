import { readFileSync } from "node:fs";
import { Writable } from "node:stream";

import { expect, test } from "vitest";

import { systemClock } from "../core/clock.ts";
import { calledCommand, type CalledCommand } from "../test/support/called-command.ts";
import { TestControlPlane } from "../test/support/control-plane.ts";
import { MadeCertificates } from "../test/support/made-certificates.ts";
import { TemporaryFolder } from "../test/support/temporary-folder.ts";
import { runCommand } from "./run-command.ts";

/** A control plane by TLS that asks for a client's certificate, and the folder that it is called from. */
async function guardedPlane() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await TemporaryFolder.create());
  const made = new MadeCertificates(folder).make("server").make("person").make("stranger");
  const plane = stack.use(await TestControlPlane.start({ settings: made.served("server", "person") }));
  const owned = stack.move();
  return {
    folder,
    token: plane.adminSecret,
    server: `https://127.0.0.1:${plane.ports.api}`,
    call: (...args: readonly string[]): Promise<CalledCommand> =>
      calledCommand({ directory: folder.path, token: plane.adminSecret }, ...args),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const CERTIFICATES = ["--ca", "server.crt", "--cert", "person.crt", "--key", "person.key"];
const NO_NODES = { code: 0, stderr: "there are no nodes\n" };

test("--server takes certificates, before the command's name and after it", async () => {
  await using plane = await guardedPlane();

  const before = await plane.call("--server", plane.server, ...CERTIFICATES, "get", "nodes");
  const after = await plane.call("get", "nodes", "--server", plane.server, ...CERTIFICATES);

  expect(before).toMatchObject(NO_NODES);
  expect(after).toMatchObject(NO_NODES);
});

test("the environment names certificates as it names the server, and a flag counts more", async () => {
  await using plane = await guardedPlane();
  const errors = new WrittenText();
  const call = (...args: readonly string[]): Promise<number> =>
    runCommand(args, {
      output: new WrittenText(),
      errors,
      isTerminal: false,
      environment: {
        SLUICE_SERVER: plane.server,
        SLUICE_TOKEN: plane.token,
        SLUICE_CA: "stranger.crt",
        SLUICE_CERT: "person.crt",
        SLUICE_KEY: "person.key",
      },
      directory: plane.folder.path,
      clock: systemClock,
      stop: () => new AbortController().signal,
    });

  expect(await call("get", "nodes")).toBe(6);
  expect(errors.text).toContain("the authority that was given has not signed its certificate");
  expect(await call("--ca", "server.crt", "get", "nodes")).toBe(0);
});

test("a certificate that is named takes the place of the context's for one call", async () => {
  await using plane = await guardedPlane();
  const set = [
    "--server",
    plane.server,
    "--ca",
    "stranger.crt",
    "--cert",
    "person.crt",
    "--key",
    "person.key",
  ];
  await plane.call("context", "set", "ops", ...set);

  expect(await plane.call("get", "nodes")).toMatchObject({ code: 6 });
  expect(await plane.call("--context", "ops", "--ca", "server.crt", "get", "nodes")).toMatchObject(NO_NODES);
  expect(await plane.call("get", "nodes")).toMatchObject({ code: 6 });
});

test("a context is changed without its address being told again, and a new one needs it", async () => {
  await using plane = await guardedPlane();
  await plane.call("context", "set", "ops", "--server", plane.server, "--ca", "stranger.crt");

  const fresh = await plane.call("context", "set", "new", "--ca", "server.crt");
  const changed = await plane.call("context", "set", "ops", ...CERTIFICATES);

  expect(fresh).toMatchObject({ code: 2, stderr: expect.stringContaining("a new one needs --server URL") });
  expect(changed.code).toBe(0);
  expect(readFileSync(plane.folder.join(".sluice/contexts.yaml"), "utf8")).toContain(plane.server);
  expect(await plane.call("get", "nodes")).toMatchObject(NO_NODES);
});

test("a context and a server are one too many, and half a certificate is too few", async () => {
  await using plane = await guardedPlane();
  const by = ["--server", plane.server];

  const both = await plane.call("--context", "ops", ...by, "get", "nodes");
  const half = await plane.call(...by, "--cert", "person.crt", "get", "nodes");
  const gone = await plane.call(...by, "--ca", "gone.crt", "get", "nodes");

  expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining("not both") });
  expect(half).toMatchObject({ code: 2, stderr: expect.stringContaining("give --key too") });
  expect(gone).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/gone\.crt cannot be read.*--ca FILE/),
  });
});

test("a context that is named counts more than a server of the environment", async () => {
  await using plane = await guardedPlane();
  await plane.call("context", "set", "ops", "--server", plane.server, ...CERTIFICATES);
  const where = { directory: plane.folder.path, token: plane.token, server: "http://127.0.0.1:1" };

  expect(await calledCommand(where, "--context", "ops", "get", "nodes")).toMatchObject(NO_NODES);
});

class WrittenText extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

test.for([
  [["up"], false],
  [["context", "set"], false],
  [["plugin", "new"], false],
  [["plugin", "push"], true],
  [["get"], true],
] as const)("help shows the flags of a connection where there is one: %j", async ([words, connects]) => {
  await using folder = await TemporaryFolder.create();

  const { code, stdout } = await calledCommand({ directory: folder.path }, ...words, "--help");

  expect(code).toBe(0);
  expect(stdout.includes("Global Options:")).toBe(connects);
});
