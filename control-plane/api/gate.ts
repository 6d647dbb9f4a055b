import type { Authenticator, TokenActor } from "../access/authenticator.ts";
import type { RefusalLog } from "../access/refusal-log.ts";
import { authorize } from "../access/authorize.ts";
import type { Place } from "../access/place.ts";
import { MeshError, messageOf } from "../../core/errors.ts";
import type { Action } from "../model/access.ts";
import type { Attempt } from "./attempt.ts";

/** Refusals that somebody who reads the audit wants to know of. */
const AUDITED = ["forbidden", "wrong_state", "in_use"];

/** Who asks, and whether they may; what is refused is in the audit. */
export class Gate {
  readonly #authenticator: Authenticator;
  readonly #refusals: RefusalLog;

  constructor(authenticator: Authenticator, refusals: RefusalLog) {
    this.#authenticator = authenticator;
    this.#refusals = refusals;
  }

  /** By the header `Authorization: Bearer SECRET`; throws `unauthenticated`. */
  async authenticate(authorization: string | undefined, { action, record }: Attempt): Promise<TokenActor> {
    const secret = /^bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? "")?.[1];
    return this.#authenticator.authenticate(secret, action, record);
  }

  /** Hears when the actor's token was revoked or has expired. */
  onEnded(actor: TokenActor, listener: () => void): Disposable {
    return this.#authenticator.onEnded((tokenId) => {
      if (tokenId === actor.tokenId) listener();
    });
  }

  /** Throws `forbidden` where the actor may not do it in one of the places. */
  authorize(actor: TokenActor, action: Action, places: readonly Place[]): void {
    for (const place of places) authorize(actor, action, place);
  }

  /** Writes what was refused into the audit, if it is of interest there; never throws. */
  async noteRefusal(
    actor: TokenActor | undefined,
    { action, record }: Attempt,
    thrown: unknown,
  ): Promise<void> {
    if (actor === undefined || !(thrown instanceof MeshError) || !AUDITED.includes(thrown.code)) return;
    await this.#refusals.note(actor, action, messageOf(thrown), record);
  }
}
