import { readFile, stat } from "node:fs/promises";

import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";

import { credentials, type ChannelCredentials, type ChannelOptions } from "@grpc/grpc-js";

import { parseAddress } from "../../core/address.ts";

import { InputError, messageOf } from "../../core/errors.ts";

/** Files and values that let the node in; empty: not set. */
export interface CredentialSettings {
  /** CA certificates, PEM. With it, or with a certificate, the connection is TLS. */
  readonly ca: string;
  /** The node's own certificate and its key, PEM: both or none. */
  readonly cert: string;
  readonly key: string;
  readonly token: string;
  /** Holds the token; read anew for each connection. */
  readonly tokenFile: string;
  /** TLS by the machine's own CA certificates. */
  readonly tls: boolean;
}

/** What was read of them at one moment. */
export interface Credentials {
  /** Undefined: the connection is not encrypted. */
  readonly tls: TlsMaterial | undefined;
  readonly token: string;
}

export interface TlsMaterial {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** Throws an `InputError` where a file cannot be read. */
export async function readCredentials(settings: CredentialSettings): Promise<Credentials> {
  const { ca, cert, key, tls, token, tokenFile } = settings;
  const material =
    tls || ca !== "" || cert !== ""
      ? { ca: await readPem(ca), cert: await readPem(cert), key: await readPem(key) }
      : undefined;
  const read = tokenFile === "" ? token : (await readNamed(tokenFile)).toString("utf8").trim();
  return { tls: material, token: read };
}

/** Differs when a file of the credentials has changed; a file that is not there is a change too. */
export async function credentialsSignature(settings: CredentialSettings): Promise<string> {
  const { ca, cert, key, tokenFile } = settings;
  const signatures = [ca, cert, key, tokenFile].map(async (path) => {
    if (path === "") return "";
    const found = await stat(path).catch(() => undefined);
    return found === undefined ? "none" : `${found.ino}:${found.size}:${found.mtimeMs}`;
  });
  return (await Promise.all(signatures)).join();
}

/** Node refuses addresses as TLS server names, and gRPC would use them as such: then this name is asked for. */
const NAME_OF_ADDRESS = "address.invalid";

/**
 * For a channel to `target` (`host:port`), with the options that go with them. Throws where the material is no PEM, or
 * key and certificate do not belong together.
 */
export function channelCredentials(
  { tls }: Credentials,
  target: string,
): { readonly credentials: ChannelCredentials; readonly options: ChannelOptions } {
  if (tls === undefined) return { credentials: credentials.createInsecure(), options: {} };
  const host = parseAddress(target)?.host ?? target;
  const byAddress = isIP(host) !== 0;
  // The certificate must be for the address itself all the same.
  const verify = byAddress
    ? { checkServerIdentity: (_: string, peer: PeerCertificate) => checkServerIdentity(host, peer) }
    : {};
  return {
    credentials: credentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.cert ?? null, verify),
    options: byAddress ? { "grpc.ssl_target_name_override": NAME_OF_ADDRESS } : {},
  };
}

async function readPem(path: string): Promise<Buffer | undefined> {
  return path === "" ? undefined : readNamed(path);
}

async function readNamed(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw new InputError([{ where: path, message: `cannot be read: ${messageOf(thrown)}` }]);
  }
}
