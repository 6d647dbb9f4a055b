import type { Metadata } from "@grpc/grpc-js";

import type { Clock } from "../../core/clock.ts";
import type { Hello__Output } from "../../proto/gen/mesh/v1/Hello.ts";
import type { NodeMessage__Output } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { TokenActor } from "../access/authenticator.ts";
import type { NodeCall } from "./node-stream.ts";
import { StreamRefused } from "./refusal.ts";

/** The secret of `authorization: Bearer …`; undefined where there is none. */
export function tokenOf(metadata: Metadata): string | undefined {
  const values = metadata.get("authorization");
  const [, token] = /^bearer +(\S+)$/i.exec(values.length === 1 ? String(values[0]) : "") ?? [];
  return token;
}

/** Whose token it is must be the node that says Hello; a `StreamRefused` otherwise. */
export function assertSpeaksFor(actor: TokenActor, node: string): void {
  if (actor.node === node) return;
  const whose = actor.node === undefined ? "is no node's" : `speaks for node ${actor.node}`;
  throw new StreamRefused("forbidden", `the token ${whose}; it cannot speak for node ${node}`);
}

/** The Hello that a stream begins with. What comes behind it stays unread until the call is resumed. */
export async function firstHello(call: NodeCall, clock: Clock, timeout: number): Promise<Hello__Output> {
  const { promise, resolve, reject } = Promise.withResolvers<Hello__Output>();
  const onData = (message: NodeMessage__Output): void => {
    call.pause();
    if (message.hello) resolve(message.hello);
    else
      reject(
        new StreamRefused(
          "invalid_hello",
          `expected Hello first, not ${message.kind ?? "an unknown message"}`,
        ),
      );
  };
  const onOver = (): void => reject(new StreamRefused("no_hello", "the stream ended before its Hello"));
  using _ = clock
    .after(timeout, () => reject(new StreamRefused("no_hello", `no Hello within ${timeout} ms`)))
    .unref();
  call.once("data", onData).once("end", onOver).once("cancelled", onOver);
  try {
    return await promise;
  } finally {
    call.off("data", onData).off("end", onOver).off("cancelled", onOver);
  }
}
