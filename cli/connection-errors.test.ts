import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:http";

import { expect, test } from "vitest";

import { calledCommand, type CalledCommand } from "../test/support/called-command.ts";
import { TestControlPlane } from "../test/support/control-plane.ts";
import { MadeCertificates } from "../test/support/made-certificates.ts";
import { TemporaryFolder } from "../test/support/temporary-folder.ts";

type Settings = Parameters<typeof TestControlPlane.start>[0];

/** Certificates in a folder, from which a control plane is called that has these settings. */
async function place(settingsOf: (made: MadeCertificates) => NonNullable<Settings>["settings"]) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await TemporaryFolder.create());
  const made = new MadeCertificates(folder);
  for (const name of ["server", "person", "stranger"]) made.make(name);
  const plane = stack.use(await TestControlPlane.start({ settings: settingsOf(made) ?? {} }));
  const { ports, adminSecret: token } = plane;
  const owned = stack.move();
  return {
    made,
    ports,
    /** By `--server`, with the admin's token. */
    call: (scheme: "http" | "https", ...args: readonly string[]): Promise<CalledCommand> => {
      const where = { directory: folder.path, server: `${scheme}://127.0.0.1:${ports.api}`, token };
      return calledCommand(where, ...args);
    },
    inContext: (...args: readonly string[]): Promise<CalledCommand> =>
      calledCommand({ directory: folder.path }, ...args),
    token: (): Promise<string> => folder.write("token", token),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const UNREACHABLE = 6;

test("http:// at a port that speaks TLS is told to become https://, which keeps a context's token", async () => {
  await using plane = await place((made) => made.served("server"));
  const address = `127.0.0.1:${plane.ports.api}`;
  await plane.inContext(
    "context",
    "set",
    "a",
    "--server",
    `http://${address}`,
    "--token-file",
    await plane.token(),
  );

  const plain = await plane.inContext("get", "nodes");
  await plane.inContext("context", "set", "a", "--server", `https://${address}`, "--ca", "server.crt");
  const encrypted = await plane.inContext("get", "nodes");

  expect(plain).toMatchObject({
    code: UNREACHABLE,
    stderr: `sluice: cannot reach the control plane at http://${address}: it speaks TLS; use https:// in the address\n`,
  });
  expect(encrypted).toMatchObject({ code: 0, stderr: "there are no nodes\n" });
});

test("so it is where the port asks for a client's certificate too", async () => {
  await using plane = await place((made) => made.served("server", "person"));

  const { code, stderr } = await plane.call("http", "get", "nodes");

  expect([code, stderr]).toEqual([UNREACHABLE, expect.stringContaining("use https:// in the address")]);
});

test("https:// at a port without TLS is told to become http://", async () => {
  await using plane = await place(() => ({}));

  const { code, stderr } = await plane.call("https", "get", "nodes");

  expect([code, stderr]).toEqual([UNREACHABLE, expect.stringContaining("use http:// in the address")]);
});

test("the port of the nodes' streams is told from that of the API", async () => {
  await using plane = await place(() => ({}));
  const server = `http://127.0.0.1:${plane.ports.push}`;

  const { code, stderr } = await plane.inContext("--server", server, "get", "nodes");

  expect([code, stderr]).toEqual([UNREACHABLE, expect.stringContaining("API (7400)")]);
});

test("a foreign server that answers 400 to what is no TLS may want it", async () => {
  await using plane = await place(() => ({}));
  const foreign = createServer((_request, response) => void response.writeHead(400).end("use HTTPS"));
  await once(foreign.listen(0, "127.0.0.1"), "listening");
  const { port } = foreign.address() as AddressInfo;

  const { stderr } = await plane.inContext("--server", `http://127.0.0.1:${port}`, "get", "nodes");
  foreign.closeAllConnections();
  foreign.close();

  expect(stderr).toContain("it may want https://");
});

test.for([
  ["no authority", [], "signed by nobody that is known here"],
  ["another authority", ["--ca", "stranger.crt"], "the authority that was given has not signed"],
] as const)("with %s, the flag that names one is named", async ([, flags, what]) => {
  await using plane = await place((made) => made.served("server"));

  const { code, stderr } = await plane.call("https", ...flags, "get", "nodes");

  expect([code, stderr]).toEqual([UNREACHABLE, expect.stringContaining(what)]);
  expect(stderr).toContain("--ca FILE");
  expect(stderr).toContain("sluice context set NAME --ca FILE");
});

test("a certificate that has expired is named as what has to be renewed, and where", async () => {
  await using plane = await place((made) => made.make("old", { days: -1 }).served("old"));

  const { code, stderr } = await plane.call("https", "--ca", "old.crt", "get", "nodes");

  expect([code, stderr]).toEqual([UNREACHABLE, expect.stringMatching(/has expired: .*--tls-certificate/)]);
});

test("a certificate of another name says which names would do", async () => {
  await using plane = await place((made) => made.make("far", { names: "DNS:far.example" }).served("far"));

  const { code, stderr } = await plane.call("https", "--ca", "far.crt", "get", "nodes");

  expect([code, stderr]).toEqual([
    UNREACHABLE,
    expect.stringContaining("its certificate is for DNS:far.example: use such a name in the address"),
  ]);
});

test("where a client's certificate is wanted, none, a stranger's and the right one are told apart", async () => {
  await using plane = await place((made) => made.served("server", "person"));
  const call = (...flags: readonly string[]): Promise<CalledCommand> =>
    plane.call("https", "--ca", "server.crt", ...flags, "get", "nodes");

  const none = await call();
  const stranger = await call("--cert", "stranger.crt", "--key", "stranger.key");
  const person = await call("--cert", "person.crt", "--key", "person.key");

  expect([none.code, none.stderr]).toEqual([
    UNREACHABLE,
    expect.stringMatching(/it wants a client's certificate, and none was shown: .*--cert FILE --key FILE/),
  ]);
  expect([stranger.code, stranger.stderr]).toEqual([
    UNREACHABLE,
    expect.stringMatching(/does not take the client's certificate that was shown: .*--tls-client-authority/),
  ]);
  expect(person).toMatchObject({ code: 0, stderr: "there are no nodes\n" });
});
