import { execFileSync } from "node:child_process";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { setImmediate as turn } from "node:timers/promises";
import { readFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { connect, type TLSSocket } from "node:tls";
import { once } from "node:events";

import { credentials } from "@grpc/grpc-js";
import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { TestControlPlane } from "../../test/support/control-plane.ts";
import { TestNode } from "../../test/support/test-node.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { ApiClient } from "../api/contract/client.ts";
import { TlsFiles } from "./tls-files.ts";

test("REST over TLS takes those who know its authority, and shows the new certificate once the files change", async () => {
  await using folder = await TemporaryFolder.create();
  makeCertificate(folder, "first");
  makeCertificate(folder, "second");
  await use(folder, "first");
  const clock = new ManualClock();
  const settings = { tlsCertificate: folder.join("current.crt"), tlsKey: folder.join("current.key") };
  await using plane = await TestControlPlane.start({ clock, settings });
  const baseUrl = `https://127.0.0.1:${plane.ports.api}`;
  const ca = readFileSync(folder.join("first.crt"), "utf8");
  await using knowing = new ApiClient({ baseUrl, token: undefined, ca });
  await using strange = new ApiClient({ baseUrl, token: undefined });
  await using plain = new ApiClient({ baseUrl: plane.baseUrl, token: undefined });

  expect(await knowing.call("health")).toMatchObject({ status: "ok" });
  await expect(strange.call("health")).rejects.toThrow("give the CA's certificate");
  await expect(plain.call("health")).rejects.toMatchObject({ code: "unreachable" });
  expect(await subject(plane.ports.push)).toBe("first");

  await use(folder, "second");
  while ((await subject(plane.ports.api)) !== "second") clock.advance(10_000);

  expect(await subject(plane.ports.push)).toBe("second");
});

test("open watches and streams outlive a change of the certificate, and a bad one leaves the last in force", async () => {
  await using folder = await TemporaryFolder.create();
  for (const name of ["first", "second"]) makeCertificate(folder, name);
  await use(folder, "first");
  const clock = new ManualClock();
  const settings = { tlsCertificate: folder.join("current.crt"), tlsKey: folder.join("current.key") };
  await using plane = await TestControlPlane.start({ clock, settings: { ...settings, openMetrics: true } });
  const baseUrl = `https://127.0.0.1:${plane.ports.api}`;
  const both = ["first", "second"].map((name) => readFileSync(folder.join(`${name}.crt`), "utf8"));
  await using admin = new ApiClient({ baseUrl, token: plane.adminSecret, ca: both.join("") });
  const domain = { name: "shop", description: "", versionApproval: false };
  await admin.call("putDomain", { params: { domain: "shop" }, body: domain });
  const rules = { environment: "test", requiredApprovals: 0, rollbackApproval: false };
  const cluster = { name: "demo", domain: "shop", ...rules };
  await admin.call("putCluster", { params: { cluster: "demo" }, body: cluster });
  const grants = [{ role: "node" as const, scope: { kind: "all" as const } }];
  const { secret: token } = await admin.call("createToken", {
    body: { name: "web-1", grants, node: "web-1" },
  });
  const channel = credentials.createSsl(Buffer.from(both.join("")));
  await using node = TestNode.greet(plane.ports.push, "web-1", {
    token,
    channel,
    hello: { cluster: "demo" },
  });
  await node.next("welcome");
  const watch = admin.watch("getChain", { params: { cluster: "demo" } });
  await watch.next();

  await use(folder, "second");
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
  await use(folder, "first");
  while ((await metric(plane.ports.api, "sluice_cp_tls_files_refused")) !== 0) clock.advance(10_000);
  expect(await subject(plane.ports.push)).toBe("first");
  await watch.return(undefined);
});

test("with an authority for clients, who shows no certificate of it is not let in", async () => {
  await using folder = await TemporaryFolder.create();
  makeCertificate(folder, "server");
  makeCertificate(folder, "person");
  makeCertificate(folder, "stranger");
  const settings = {
    tlsCertificate: folder.join("server.crt"),
    tlsKey: folder.join("server.key"),
    tlsClientAuthority: folder.join("person.crt"),
  };
  await using plane = await TestControlPlane.start({ settings });
  const ca = readFileSync(folder.join("server.crt"), "utf8");
  const as = (name: string | undefined): ApiClient => {
    const own = name === undefined ? undefined : certificateOf(folder, name);
    return new ApiClient({
      baseUrl: `https://127.0.0.1:${plane.ports.api}`,
      token: undefined,
      ca,
      clientCertificate: own,
    });
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
  makeCertificate(folder, "first");
  makeCertificate(folder, "second");
  await use(folder, "first");
  const paths = {
    certificate: folder.join("current.crt"),
    key: folder.join("current.key"),
    clientAuthority: undefined,
  };
  const lines: string[] = [];
  const log = createLogger("error", { write: (line: string) => void lines.push(line) });
  using files = await TlsFiles.open(paths, new ManualClock(), log);
  const before = files.current;

  await copyFile(folder.join("second.crt"), paths.certificate);
  for (let look = 0; look < 3; look++) await files.reload();
  const halfWay = files.current;
  expect(files.problem).toMatch(/current\.crt: does not make a certificate with .*current\.key/);
  expect(lines).toEqual([expect.stringContaining("the certificate in force stays")]);
  await copyFile(folder.join("second.key"), paths.key);
  await files.reload();

  expect(halfWay).toBe(before);
  expect(files.problem).toBeUndefined();
  expect(files.current.certificate).toBe(readFileSync(folder.join("second.crt"), "utf8"));
});

test("certificates that cannot be used are refused at the start, by name", async () => {
  await using folder = await TemporaryFolder.create();
  const certificate = await folder.write("bad.crt", "no certificate");
  const key = await folder.write("bad.key", "no key");
  const paths = { certificate, key, clientAuthority: undefined };

  const opened = TlsFiles.open(paths, new ManualClock(), createLogger("silent"));

  await expect(opened).rejects.toThrow("bad.crt");
});

/** Signed by itself, so that it is its own authority. */
function makeCertificate(folder: TemporaryFolder, name: string): void {
  const files = ["-keyout", folder.join(`${name}.key`), "-out", folder.join(`${name}.crt`)];
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"];
  execFileSync("openssl", ["req", "-x509", "-nodes", ...kind, ...subject, ...files], { stdio: "ignore" });
}

function certificateOf(folder: TemporaryFolder, name: string): { certificate: string; key: string } {
  return {
    certificate: readFileSync(folder.join(`${name}.crt`), "utf8"),
    key: readFileSync(folder.join(`${name}.key`), "utf8"),
  };
}

async function use(folder: TemporaryFolder, name: string): Promise<void> {
  await copyFile(folder.join(`${name}.crt`), folder.join("current.crt"));
  await copyFile(folder.join(`${name}.key`), folder.join("current.key"));
}

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
