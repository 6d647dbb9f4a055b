import type { Grant } from "./access.ts";
import type { Revised } from "./revised.ts";

/** A right to speak for somebody; the secret itself is shown once and never stored. */
export interface Token extends Revised {
  /** Random, not secret. */
  readonly id: string;
  /** sha256 of the secret, hex. */
  readonly hash: string;
  /** Whose it is: the actor's name in audit and guards. */
  readonly name: string;
  readonly grants: readonly Grant[];
  /** For `node` tokens: the node that it speaks for. */
  readonly node: string | undefined;
  /** Wall clock, ms; undefined: never. */
  readonly expiresAt: number | undefined;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly revoked: boolean;
}
