import type { RecordName } from "../model/audit.ts";
import type { Actor } from "../model/actor.ts";

export type TokenActor = Extract<Actor, { kind: "token" }>;

/** Whose token it is; the one place for REST and gRPC. */
export interface Authenticator {
  /**
   * `secret` is what was presented, undefined for nothing; `action` and `record` what it was presented for, for the
   * audit. Throws an `OperationError` `unauthenticated` where it is missing, unknown, expired or revoked, and has
   * written that to the audit: a bounded number in a time, since anybody can try.
   */
  authenticate(secret: string | undefined, action: string, record?: RecordName): Promise<TokenActor>;
  /** Hears of tokens that were revoked or have expired, so that what is open on their behalf can end. */
  onEnded(listener: (tokenId: string) => void): Disposable;
}
