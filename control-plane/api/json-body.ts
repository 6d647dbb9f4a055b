import type { IncomingMessage } from "node:http";

import type { Clock } from "../../core/clock.ts";
import { RequestError } from "./problem.ts";

export interface BodyLimits {
  /** Most bytes of a JSON body. */
  readonly bytes: number;
  /** From the head of the request to the end of its body, ms. */
  readonly time: number;
}

/** Reads and parses a JSON body; empty is undefined. Throws `too_large`, `request_timeout` or `malformed`. */
export async function readJsonBody(
  message: IncomingMessage,
  limits: BodyLimits,
  clock: Clock,
): Promise<unknown> {
  const text = await readText(message, limits, clock);
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new RequestError("malformed", "the body is not JSON");
  }
}

async function readText(
  message: IncomingMessage,
  { bytes, time }: BodyLimits,
  clock: Clock,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const tooLarge = new RequestError("too_large", `the body is longer than ${bytes} bytes`);
  if (Number(message.headers["content-length"] ?? 0) > bytes) throw tooLarge;
  const pieces: Buffer[] = [];
  let length = 0;
  const take = (piece: Buffer): void => {
    length += piece.length;
    if (length > bytes) reject(tooLarge);
    else pieces.push(piece);
  };
  const cut = (): void => reject(new RequestError("malformed", "the body ended early"));
  message.on("data", take).once("end", resolve).once("close", cut).once("error", cut);
  using _deadline = clock.after(time, () => {
    reject(new RequestError("request_timeout", `the body did not arrive within ${time / 1_000} s`));
  });
  try {
    await promise;
  } finally {
    message.off("data", take).off("end", resolve).off("close", cut).off("error", cut);
  }
  return decode(Buffer.concat(pieces));
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new RequestError("malformed", "the body is not UTF-8");
  }
}
