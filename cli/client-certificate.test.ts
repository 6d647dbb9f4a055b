import { copyFile, readFile, rm } from "node:fs/promises";

import { expect, test } from "vitest";

import { calledCommand, type CalledCommand } from "../test/support/called-command.ts";
import { certificatePath } from "../test/support/certificates.ts";
import { TestControlPlane } from "../test/support/control-plane.ts";
import { MadeCertificates } from "../test/support/made-certificates.ts";
import { TemporaryFolder } from "../test/support/temporary-folder.ts";

/** A control plane that asks clients for a certificate of test/certificates/ca.pem, and a folder to call it from. */
async function guardedPlane() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await TemporaryFolder.create());
  const ca = certificatePath("ca.pem");
  const settings = {
    tlsCertificate: certificatePath("server.pem"),
    tlsKey: certificatePath("server.key"),
    tlsClientAuthority: ca,
  };
  const plane = stack.use(await TestControlPlane.start({ settings }));
  const server = `https://127.0.0.1:${plane.ports.api}`;
  const token = await folder.write("admin.token", plane.adminSecret);
  await copyFile(certificatePath("client.pem"), folder.join("me.pem"));
  await copyFile(certificatePath("client.key"), folder.join("me.key"));
  const call = (...args: readonly string[]): Promise<CalledCommand> =>
    calledCommand({ directory: folder.path }, ...args);
  const owned = stack.move();
  return {
    folder,
    call,
    set: (...flags: readonly string[]) =>
      call("context", "set", "admin", "--server", server, "--token-file", token, "--ca", ca, ...flags),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test("a context with a client's certificate gets in where one is asked for, and keeps its path only", async () => {
  await using plane = await guardedPlane();

  const set = await plane.set("--cert", "me.pem", "--key", "me.key");
  const got = await plane.call("get", "nodes");

  expect(set).toMatchObject({ code: 0, stderr: "" });
  expect(got).toMatchObject({ code: 0, stderr: "there are no nodes\n" });
  const contexts = await readFile(plane.folder.join(".sluice/contexts.yaml"), "utf8");
  expect(contexts).toContain(`cert: ${plane.folder.join("me.pem")}\n`);
  expect(contexts).not.toContain("PRIVATE KEY");
});

test("without one the command says that the server may want it, and how to give it", async () => {
  await using plane = await guardedPlane();
  await plane.set();

  const { code, stderr } = await plane.call("get", "nodes");

  expect(code).toBe(6);
  expect(stderr).toContain("it wants a client's certificate");
  expect(stderr).toContain("--cert FILE --key FILE");
});

test("a certificate of another authority is named as what the server may not take", async () => {
  await using plane = await guardedPlane();
  new MadeCertificates(plane.folder).make("other");
  await plane.set("--cert", "other.crt", "--key", "other.key");

  const { code, stderr } = await plane.call("get", "nodes");

  expect(code).toBe(6);
  expect(stderr).toContain("it does not take the client's certificate that was shown");
});

test.for([
  [
    "a file that is not there",
    ["--cert", "gone.pem", "--key", "me.key"],
    /gone\.pem cannot be read .*--cert FILE/,
  ],
  ["what is no certificate", ["--cert", "me.key", "--key", "me.key"], /me\.key holds no certificate/],
  ["what is no key", ["--cert", "me.pem", "--key", "me.pem"], /me\.pem holds no private key .*--key FILE/],
  ["what is no authority", ["--ca", "admin.token"], /admin\.token holds no certificate .*--ca FILE/],
] as const)("%s is refused before the context is written", async ([, flags, message]) => {
  await using plane = await guardedPlane();

  const { code, stderr } = await plane.set(...flags);

  expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  expect((await plane.call("context", "list")).stdout).not.toContain("admin");
});

test.for([
  ["--cert", "me.pem", /give --key too/],
  ["--key", "me.key", /give --cert too/],
] as const)("%s alone is no certificate", async ([flag, file, message]) => {
  await using plane = await guardedPlane();

  const { code, stderr } = await plane.set(flag, file);

  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});

test("a key that is replaced by that of another certificate, or taken away, is named when it is used", async () => {
  await using plane = await guardedPlane();
  await plane.set("--cert", "me.pem", "--key", "me.key");

  await copyFile(certificatePath("server.key"), plane.folder.join("me.key"));
  const other = await plane.call("get", "nodes");
  await rm(plane.folder.join("me.key"));
  const none = await plane.call("get", "nodes");

  expect([other.code, other.stderr]).toEqual([
    1,
    expect.stringMatching(/me\.key does not belong to .*me\.pem/),
  ]);
  expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/me\.key cannot be read \(ENOENT/)]);
});
