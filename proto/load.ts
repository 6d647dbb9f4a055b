import { fileURLToPath } from "node:url";

import { loadSync, type Options } from "@grpc/proto-loader";

/** How messages look in memory: 64-bit numbers as numbers, unset fields as defaults, bytes as Buffer. */
const PROTO_OPTIONS: Options = { longs: Number, enums: String, defaults: true, arrays: true, oneofs: true };

/**
 * A service of a contract of this folder (`mesh/v1/plugin.proto`, `mesh.v1.ObserverPlugin`). Its type comes from
 * gen/, which is made of the same file with the same options.
 */
export function loadService(path: string, name: string): object {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  const service = loadSync(path, { ...PROTO_OPTIONS, includeDirs: [folder] })[name];
  if (service === undefined) throw new Error(`${path} has no service ${name}`);
  return service;
}
