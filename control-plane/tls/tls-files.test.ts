import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { setImmediate as turn } from "node:timers/promises";
import { copyFile } from "node:fs/promises";
import { connect, type TLSSocket } from "node:tls";
import { once } from "node:events";

import { credentials } from "@grpc/grpc-js";
import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { TestControlPlane } from "../../test/support/control-plane.ts";
import { MadeCertificates } from "../../test/support/made-certificates.ts";
import { TestNode } from "../../test/support/test-node.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { ApiClient } from "../api/contract/client.ts";
import { TlsFiles } from "./tls-files.ts";

/** Those that were made, of which `current` is the first. */
async function currentOf(folder: TemporaryFolder, ...names: readonly string[]): Promise<MadeCertificates> {
  const made = new MadeCertificates(folder);
  for (const name of names) made.make(name);
  await made.renew("current", names[0] ?? "");
  return made;
}

test("REST over TLS takes those who know its authority, and shows the new certificate once the files change", async () => {
  await using folder = await TemporaryFolder.create();
  const made = await currentOf(folder, "first", "second");
  const clock = new ManualClock();
  const trust = { ca: made.texts("first").certificate };
  await using plane = await TestControlPlane.start({ clock, settings: made.served("current"), trust });
  const { baseUrl } = plane;
  await using strange = new ApiClient({ baseUrl, token: undefined });
  await using plain = new ApiClient({ baseUrl: baseUrl.replace("https", "http"), token: undefined });

  expect(await plane.admin.call("health")).toMatchObject({ status: "ok" });
  await expect(strange.call("health")).rejects.toThrow("name who has signed it with --ca FILE");
  await expect(plain.call("health")).rejects.toThrow("use https://");
  expect(await subject(plane.ports.push)).toBe("first");

  await made.renew("current", "second");
  while ((await subject(plane.ports.api)) !== "second") clock.advance(10_000);

  expect(await subject(plane.ports.push)).toBe("second");
});

test("open watches and streams outlive a change of the certificate, and a bad one leaves the last in force", async () => {
  await using folder = await TemporaryFolder.create();
  const made = await currentOf(folder, "first", "second");
  const clock = new ManualClock();
  const settings = { ...made.served("current"), openMetrics: true };
  const ca = ["first", "second"].map((name) => made.texts(name).certificate).join("");
  await using plane = await TestControlPlane.start({ clock, settings, trust: { ca } });
  await plane.withClusters();
  const { admin } = plane;
  await using node = TestNode.greet(plane.ports.push, "web-1", {
    token: await plane.token("node", { kind: "all" }, "web-1"),
    channel: credentials.createSsl(Buffer.from(ca)),
    hello: { cluster: "demo" },
  });
  await node.next("welcome");
  const watch = admin.watch("getChain", { params: { cluster: "demo" } });
  await watch.next();

  await made.renew("current", "second");
  while ((await subject(plane.ports.api)) !== "second") clock.advance(10_000);
  const plugin = { name: "tagger", domain: "shop", description: "", owners: [] };
  await admin.call("putPlugin", { params: { plugin: "tagger" }, body: plugin });
  await admin.call("putChainEntry", { params: { cluster: "demo", plugin: "tagger" }, body: {} });
  const told = watch.next();
  const next = Promise.race([told.then(() => "told"), node.ended().then(() => "ended")]);
  for (let over = false; !over;) {
    over = await Promise.race([next.then(() => true), turn().then(() => false)]);
    clock.advance(10);
  }
  expect(await next).toBe("told");
  expect((await told).value?.entries).toMatchObject([{ plugin: "tagger" }]);
  expect(await metric(plane.ports.api, "sluice_cp_tls_files_refused")).toBe(0);

  await folder.write("current.crt", "no certificate");
  while ((await metric(plane.ports.api, "sluice_cp_tls_files_refused")) !== 1) clock.advance(10_000);
  expect(await subject(plane.ports.api)).toBe("second");
  await made.renew("current", "first");
  while ((await metric(plane.ports.api, "sluice_cp_tls_files_refused")) !== 0) clock.advance(10_000);
  expect(await subject(plane.ports.push)).toBe("first");
  await watch.return(undefined);
});

test("with an authority for clients, who shows no certificate of it is not let in", async () => {
  await using folder = await TemporaryFolder.create();
  const made = await currentOf(folder, "server", "person", "stranger");
  const ca = made.texts("server").certificate;
  await using plane = await TestControlPlane.start({
    settings: made.served("server", "person"),
    trust: { ca },
  });
  const as = (name: string | undefined): ApiClient => {
    const clientCertificate = name === undefined ? undefined : made.texts(name);
    return new ApiClient({ baseUrl: plane.baseUrl, token: undefined, ca, clientCertificate });
  };
  await using person = as("person");
  await using stranger = as("stranger");
  await using nobody = as(undefined);

  expect(await person.call("health")).toMatchObject({ status: "ok" });
  await expect(stranger.call("health")).rejects.toMatchObject({ code: "unreachable" });
  await expect(nobody.call("health")).rejects.toMatchObject({ code: "unreachable" });
});

test("a key of another certificate is not put in force: the last good ones stay", async () => {
  await using folder = await TemporaryFolder.create();
  const made = await currentOf(folder, "first", "second");
  const paths = {
    certificate: folder.join("current.crt"),
    key: folder.join("current.key"),
    clientAuthority: undefined,
  };
  const lines: string[] = [];
  const log = createLogger("error", { write: (line: string) => void lines.push(line) });
  using files = await TlsFiles.open(paths, new ManualClock(), log);
  const before = files.current;

  await copyFile(made.paths("second").cert, paths.certificate);
  for (let look = 0; look < 3; look++) await files.reload();
  const halfWay = files.current;
  expect(files.problem).toMatch(/current\.crt: does not make a certificate with .*current\.key/);
  expect(lines).toEqual([expect.stringContaining("the certificate in force stays")]);
  await copyFile(made.paths("second").key, paths.key);
  await files.reload();

  expect(halfWay).toBe(before);
  expect(files.problem).toBeUndefined();
  expect(files.current.certificate).toBe(made.texts("second").certificate);
});

test("certificates that cannot be used are refused at the start, by name", async () => {
  await using folder = await TemporaryFolder.create();
  const certificate = await folder.write("bad.crt", "no certificate");
  const key = await folder.write("bad.key", "no key");
  const paths = { certificate, key, clientAuthority: undefined };

  const opened = TlsFiles.open(paths, new ManualClock(), createLogger("silent"));

  await expect(opened).rejects.toThrow("bad.crt");
});

/** The name in the certificate that a port shows. */
async function subject(port: number): Promise<string> {
  const socket: TLSSocket = connect({
    port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    ALPNProtocols: ["h2", "http/1.1"],
  });
  await once(socket, "secureConnect");
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

/** A metric without labels; whoever scrapes trusts nobody here. */
async function metric(port: number, name: string): Promise<number> {
  const request = get({ port, host: "127.0.0.1", path: "/metrics", rejectUnauthorized: false, agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
}
