import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";

import type { Clock, Timer } from "../../core/clock.ts";
import { InputError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { TlsMaterial, TlsSource } from "./tls-source.ts";

export interface TlsPaths {
  readonly certificate: string;
  readonly key: string;
  readonly clientAuthority: string | undefined;
}

/** Certificates are renewed days before they expire: nobody waits for these seconds. */
const RESCAN = 10_000;

/**
 * Certificate and key from files that something else renews. They are read again every few seconds (volumes tell of no
 * changes); what cannot be read, or does not belong together yet, leaves the last good ones in force.
 */
export class TlsFiles implements TlsSource, Disposable {
  readonly #paths: TlsPaths;
  readonly #log: Logger;
  readonly #timer: Timer;
  readonly #listeners = new Set<(material: TlsMaterial) => void>();
  #current: TlsMaterial;
  #seen: string;
  #problem: string | undefined;

  private constructor(paths: TlsPaths, material: TlsMaterial, clock: Clock, log: Logger) {
    this.#paths = paths;
    this.#current = material;
    this.#seen = digestOf(material);
    this.#log = log;
    this.#timer = clock.every(RESCAN, () => void this.reload()).unref();
  }

  /** Throws an `InputError` where the files cannot be used. */
  static async open(paths: TlsPaths, clock: Clock, log: Logger): Promise<TlsFiles> {
    const material = await read(paths);
    check(paths, material);
    return new TlsFiles(paths, material, clock, log);
  }

  get current(): TlsMaterial {
    return this.#current;
  }

  /** Why the files as they are now are not in force; undefined: they are. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** When the certificate in force expires, wall clock, ms. */
  get expiresAt(): number {
    return new X509Certificate(this.#current.certificate).validToDate.getTime();
  }

  onChange(listener: (material: TlsMaterial) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Looks now; never rejects. */
  async reload(): Promise<void> {
    try {
      const material = await read(this.#paths);
      const digest = digestOf(material);
      if (digest === this.#seen) {
        this.#problem = undefined;
        return;
      }
      check(this.#paths, material);
      this.#seen = digest;
      this.#problem = undefined;
      this.#current = material;
      this.#log.info({ certificate: this.#paths.certificate }, "certificate replaced");
      for (const listener of this.#listeners) listener(material);
    } catch (error) {
      const problem = messageOf(error);
      // Looked at every few seconds, told once.
      if (problem !== this.#problem)
        this.#log.error({ err: error }, "the certificate in force stays: the new one cannot be used");
      this.#problem = problem;
    }
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }
}

async function read({ certificate, key, clientAuthority }: TlsPaths): Promise<TlsMaterial> {
  return {
    certificate: await readText(certificate),
    key: await readText(key),
    clientAuthority: clientAuthority === undefined ? undefined : await readText(clientAuthority),
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new InputError([{ where: path, message: `cannot be read: ${messageOf(error)}` }]);
  }
}

/** Renewals replace one file after the other: a key of another certificate is not used. */
function check(paths: TlsPaths, { certificate, key, clientAuthority }: TlsMaterial): void {
  try {
    createSecureContext({
      cert: certificate,
      key,
      ...(clientAuthority === undefined ? {} : { ca: clientAuthority }),
    });
  } catch (error) {
    const message = `does not make a certificate with ${paths.key}: ${messageOf(error)}`;
    throw new InputError([{ where: paths.certificate, message }]);
  }
}

function digestOf(material: TlsMaterial): string {
  return createHash("sha256").update(JSON.stringify(material)).digest("hex");
}
