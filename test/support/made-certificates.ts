import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";

import type { TemporaryFolder } from "./temporary-folder.ts";

interface MadeCertificate {
  /** Whom it is for, as OpenSSL has it. */
  readonly names?: string;
  /** From now on; -1: it has expired yesterday. */
  readonly days?: number;
}

/** What `req` makes: a certificate that signs itself, with a key of elliptic curves, which take no time. */
const REQUEST = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

/** Certificates made for one test in a folder, NAME.crt and NAME.key; each is its own authority. */
export class MadeCertificates {
  readonly #folder: TemporaryFolder;

  constructor(folder: TemporaryFolder) {
    this.#folder = folder;
  }

  make(name: string, { names = "IP:127.0.0.1,DNS:localhost", days = 2 }: MadeCertificate = {}): this {
    const { cert, key } = this.paths(name);
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`];
    openssl(...REQUEST, "-days", "2", ...subject, "-keyout", key, "-out", cert);
    if (days < 0) openssl("x509", "-in", cert, "-signkey", key, "-days", String(days), "-out", cert);
    return this;
  }

  paths(name: string): { readonly cert: string; readonly key: string } {
    return { cert: this.#folder.join(`${name}.crt`), key: this.#folder.join(`${name}.key`) };
  }

  /** PEM of the certificate and of its key. */
  texts(name: string): { readonly certificate: string; readonly key: string } {
    const { cert, key } = this.paths(name);
    return { certificate: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  }

  /** As a renewal does: from now on `name` is that certificate and its key. */
  async renew(name: string, by: string): Promise<void> {
    const [from, to] = [this.paths(by), this.paths(name)];
    await copyFile(from.cert, to.cert);
    await copyFile(from.key, to.key);
  }

  /** Settings of a control plane that shows `name`, and lets in whoever shows what `clients` has signed. */
  served(
    name: string,
    clients?: string,
  ): { readonly tlsCertificate: string; readonly tlsKey: string; readonly tlsClientAuthority?: string } {
    const { cert, key } = this.paths(name);
    const authority = clients === undefined ? {} : { tlsClientAuthority: this.paths(clients).cert };
    return { tlsCertificate: cert, tlsKey: key, ...authority };
  }
}

function openssl(...words: readonly string[]): void {
  execFileSync("openssl", words, { stdio: "ignore" });
}
