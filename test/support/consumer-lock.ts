import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

interface LockedPackage {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly [field: string]: unknown;
}

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/**
 * The lock file of a folder whose only dependency is the packed tarball: it names the same versions as the tree's own,
 * so that `npm ci` finds them in the cache that installing the tree filled, and asks nobody.
 */
export async function consumerLock(rootLock: string, tarball: string, manifest: object): Promise<string> {
  const { packages } = JSON.parse(await readFile(rootLock, "utf8")) as Lock;
  const needed = Object.entries(packages).filter(
    ([path, { dev, devOptional }]) => path !== "" && dev !== true && devOptional !== true,
  );
  const integrity = `sha512-${createHash("sha512")
    .update(await readFile(tarball))
    .digest("base64")}`;
  const dependencies = { sluice: `file:${tarball}` };
  const lock = {
    name: "consumer",
    version: "1.0.0",
    lockfileVersion: 3,
    requires: true,
    packages: {
      "": { name: "consumer", version: "1.0.0", dependencies },
      ...Object.fromEntries(needed),
      "node_modules/sluice": { ...manifest, resolved: `file:${tarball}`, integrity },
    },
  };
  return JSON.stringify(lock, undefined, 2);
}
