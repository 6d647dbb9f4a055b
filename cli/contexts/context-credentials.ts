import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { MeshError, messageOf } from "../../core/errors.ts";
import { usageError } from "../usage-error.ts";
import type { Context } from "./context-file.ts";

/** What a context shows to its server, and believes of it: the content of the files that it names. */
export interface ContextCredentials {
  readonly token: string | undefined;
  /** PEM. */
  readonly ca: string | undefined;
  /** PEM. */
  readonly clientCertificate: { readonly certificate: string; readonly key: string } | undefined;
}

/** What the files are, for whoever has to put one right. */
const MEANINGS = {
  "token-file": "the token",
  ca: "who signed the server's certificate",
  cert: "the client's certificate",
  key: "the key of the client's certificate",
} as const;

type Flag = keyof typeof MEANINGS;

interface NamedFile {
  readonly flag: Flag;
  readonly server: string;
  readonly target: string;
}

/**
 * Reads what `context` names, relative to `folder`, which for one that is kept is that of its file. A `MeshError` that says which file and what to
 * do where one cannot be used: a server closes the connection without a word.
 */
export async function readCredentials(folder: string, context: Context): Promise<ContextCredentials> {
  const { server, tokenFile, ca, cert, key } = context;
  const named = (flag: Flag, file: string): NamedFile => {
    return { flag, server, target: resolve(folder, file) };
  };
  return {
    token:
      context.token ??
      (tokenFile === undefined ? undefined : await readToken(named("token-file", tokenFile))),
    ca: ca === undefined ? undefined : await readAuthority(named("ca", ca)),
    clientCertificate: await readPair(
      cert === undefined ? undefined : named("cert", cert),
      key === undefined ? undefined : named("key", key),
    ),
  };
}

async function readToken(file: NamedFile): Promise<string> {
  return (await read(file)).trim();
}

async function readAuthority(file: NamedFile): Promise<string> {
  const text = await read(file);
  certificateIn(file, text);
  return text;
}

async function readPair(
  certificateFile: NamedFile | undefined,
  keyFile: NamedFile | undefined,
): Promise<ContextCredentials["clientCertificate"]> {
  if (certificateFile === undefined && keyFile === undefined) return undefined;
  if (certificateFile === undefined)
    throw usageError("the key of a certificate needs that certificate: give --cert too");
  if (keyFile === undefined) throw usageError("a certificate can be shown with its key only: give --key too");
  const [certificate, key] = [await read(certificateFile), await read(keyFile)];
  const belongs = certificateIn(certificateFile, certificate).checkPrivateKey(keyIn(keyFile, key));
  if (belongs) return { certificate, key };
  throw unusable(keyFile, `does not belong to the certificate in ${certificateFile.target}`);
}

async function read(file: NamedFile): Promise<string> {
  try {
    return await readFile(file.target, "utf8");
  } catch (error) {
    throw unusable(file, `cannot be read (${messageOf(error)})`);
  }
}

function certificateIn(file: NamedFile, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw unusable(file, "holds no certificate (PEM)");
  }
}

function keyIn(file: NamedFile, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    throw unusable(file, "holds no private key (PEM) that can be read without a passphrase");
  }
}

function unusable({ flag, server, target }: NamedFile, why: string): MeshError {
  return new MeshError(
    `${target} ${why}: it is ${MEANINGS[flag]} for ${server}; put it right there, or name another ` +
      (flag === "token-file" ? "" : `with --${flag} FILE, or `) +
      `with \`sluice context set NAME --${flag} FILE\``,
    { code: "unreadable", source: "input" },
  );
}
