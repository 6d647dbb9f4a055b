import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

type Name = "ca.pem" | "other-ca.pem" | "server.pem" | "server.key" | "client.pem" | "client.key";

/** The absolute path of one of the certificates and keys of tests. */
export function certificatePath(name: Name): string {
  return fileURLToPath(new URL(`../certificates/${name}`, import.meta.url));
}

/** Its text. */
export function certificate(name: Name): Buffer {
  return readFileSync(certificatePath(name));
}
