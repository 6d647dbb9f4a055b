import { readFile } from "node:fs/promises";

import { MeshError, messageOf } from "../../core/errors.ts";
import { ownValue } from "../../core/own-value.ts";
import type { Webhook } from "../model/alarm.ts";

const PREFIX = "whsec_";

/**
 * The key that a webhook's calls are signed with, read anew for each: secrets are replaced while we run. With the prefix
 * `whsec_` it is base64 (Standard Webhooks), else the text itself.
 */
export async function webhookKey(
  secret: Webhook["secret"],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Buffer> {
  const text =
    "fromEnv" in secret ? ownValue(environment, secret.fromEnv) : await readSecret(secret.fromFile);
  if (text === undefined || text === "") throw unusable("its secret is empty or not there");
  return text.startsWith(PREFIX) ? Buffer.from(text.slice(PREFIX.length), "base64") : Buffer.from(text);
}

async function readSecret(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).replace(/\r?\n$/, "");
  } catch (error) {
    throw unusable(`its secret's file cannot be read: ${messageOf(error)}`);
  }
}

function unusable(message: string): MeshError {
  return new MeshError(message, { code: "webhook_secret", source: "input" });
}
