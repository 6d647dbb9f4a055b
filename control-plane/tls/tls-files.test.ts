import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { connect, type TLSSocket } from "node:tls";
import { once } from "node:events";

import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { TestControlPlane } from "../../test/support/control-plane.ts";
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
  using files = await TlsFiles.open(paths, new ManualClock(), createLogger("silent"));
  const before = files.current;

  await copyFile(folder.join("second.crt"), paths.certificate);
  await files.reload();
  const halfWay = files.current;
  await copyFile(folder.join("second.key"), paths.key);
  await files.reload();

  expect(halfWay).toBe(before);
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
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
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
