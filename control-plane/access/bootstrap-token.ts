import { open, rename } from "node:fs/promises";
import { join } from "node:path";

import type { Clock } from "../../core/clock.ts";
import { InputError } from "../../core/errors.ts";
import type { Store } from "../store/store.ts";
import { hashSecret } from "./hash-secret.ts";
import { newSecret } from "./new-secret.ts";

/** In the store's folder, readable by its owner only. */
const ADMIN_TOKEN_FILE = "admin.token";
const MIN_LENGTH = 32;

/**
 * Makes an admin's token for a store that has none yet: `given` by a setting, or a new one whose secret is then in the
 * returned file. Undefined: there was nothing to make, or the secret was given. The secret goes nowhere else.
 */
export async function bootstrapToken(
  store: Store,
  clock: Clock,
  folder: string,
  given: string | undefined,
): Promise<string | undefined> {
  if (given !== undefined && given.length < MIN_LENGTH)
    throw new InputError([
      { where: "settings", key: "adminToken", message: `expected at least ${MIN_LENGTH} characters` },
    ]);
  const { items } = await store.read(({ tokens }) => tokens.list({}, { limit: 1 }));
  if (items.length > 0) return undefined;
  const secret = given ?? newSecret();
  const path = join(folder, ADMIN_TOKEN_FILE);
  // Before the token is made: were it the other way round, a crash between would leave a store that nobody can enter.
  if (given === undefined) await writeSecret(path, secret);
  await store.change({ kind: "system", name: "bootstrap" }, "token.write", ({ tokens }) =>
    tokens.insert({
      id: "admin",
      hash: hashSecret(secret),
      name: "admin",
      grants: [{ role: "admin", scope: { kind: "all" } }],
      node: undefined,
      expiresAt: undefined,
      createdBy: "bootstrap",
      createdAt: clock.wall(),
      revoked: false,
    }),
  );
  return given === undefined ? path : undefined;
}

async function writeSecret(path: string, secret: string): Promise<void> {
  const unfinished = `${path}.unfinished`;
  {
    await using file = await open(unfinished, "w", 0o600);
    await file.chmod(0o600);
    await file.writeFile(`${secret}\n`);
    await file.sync();
  }
  await rename(unfinished, path);
}
