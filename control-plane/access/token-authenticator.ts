import type { Clock, Timer } from "../../core/clock.ts";
import { OperationError } from "../model/operation-error.ts";
import type { RecordName } from "../model/audit.ts";
import type { Token } from "../model/token.ts";
import type { Accepted, Store } from "../store/store.ts";
import type { Authenticator, TokenActor } from "./authenticator.ts";
import { hashSecret, sameHash } from "./hash-secret.ts";
import type { RefusalLog } from "./refusal-log.ts";

/** Expiry is looked at this often (ms) for what is open; a request with an expired token is refused at once. */
const EXPIRY_PERIOD = 1_000;

/**
 * Authenticates by the store's tokens. Those that were presented are remembered; what changes one makes it forgotten
 * before the change is answered, so that a token that was revoked opens nothing any more.
 */
export class TokenAuthenticator implements Authenticator, Disposable {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #refusals: RefusalLog;
  readonly #byHash = new Map<string, Token>();
  readonly #hashById = new Map<string, string>();
  readonly #listeners = new Set<(tokenId: string) => void>();
  readonly #accepted: Disposable;
  readonly #timer: Timer;
  /** The tick of the last change of any token. */
  #changedAt = 0;

  constructor(store: Store, clock: Clock, refusals: RefusalLog) {
    this.#store = store;
    this.#clock = clock;
    this.#refusals = refusals;
    this.#accepted = store.onAccepted((accepted) => this.#follow(accepted));
    this.#timer = clock.every(EXPIRY_PERIOD, () => this.#endExpired()).unref();
  }

  async authenticate(secret: string | undefined, action: string, record?: RecordName): Promise<TokenActor> {
    const refuse = (name: string, tokenId: string | undefined, reason: string): Promise<never> =>
      this.#refuse({ name, tokenId }, { action, record }, reason);
    if (secret === undefined) return refuse("nobody", undefined, "no token was presented");
    const hash = hashSecret(secret);
    const token = this.#byHash.get(hash) ?? (await this.#load(hash));
    if (token === undefined || !sameHash(token.hash, hash))
      return refuse("nobody", undefined, "the token is unknown");
    const { id: tokenId, name, grants, node } = token;
    if (token.revoked) return refuse(name, tokenId, `token ${tokenId} was revoked`);
    if (this.#isExpired(token)) return refuse(name, tokenId, `token ${tokenId} has expired`);
    return { kind: "token", name, tokenId, grants, node };
  }

  onEnded(listener: (tokenId: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#accepted[Symbol.dispose]();
    this.#timer[Symbol.dispose]();
  }

  async #refuse(
    by: { readonly name: string; readonly tokenId: string | undefined },
    { action, record }: { readonly action: string; readonly record: RecordName | undefined },
    reason: string,
  ): Promise<never> {
    await this.#refusals.note(by, action, reason, record);
    throw new OperationError("unauthenticated", `${reason}: present a valid token`);
  }

  async #load(hash: string): Promise<Token | undefined> {
    const { tick, token } = await this.#store.read(async ({ tick, tokens }) => {
      const { items } = await tokens.list({ hash }, { limit: 1 });
      return { tick, token: items[0] };
    });
    // One that changed while it was read is not remembered.
    if (token === undefined || tick < this.#changedAt) return token;
    this.#byHash.set(hash, token);
    this.#hashById.set(token.id, hash);
    return token;
  }

  #follow({ tick, records }: Accepted): void {
    for (const { kind, key } of records) {
      if (kind !== "tokens") continue;
      this.#changedAt = tick;
      const hash = this.#hashById.get(key);
      if (hash === undefined) continue;
      this.#forget(key, hash);
      void this.#endIfRevoked(key);
    }
  }

  async #endIfRevoked(tokenId: string): Promise<void> {
    const token = await this.#store.read(({ tokens }) => tokens.get(tokenId)).catch(() => undefined);
    if (token?.revoked !== false) this.#tell(tokenId);
  }

  #endExpired(): void {
    for (const [hash, token] of this.#byHash) {
      if (!this.#isExpired(token)) continue;
      this.#forget(token.id, hash);
      this.#tell(token.id);
    }
  }

  #forget(tokenId: string, hash: string): void {
    this.#byHash.delete(hash);
    this.#hashById.delete(tokenId);
  }

  #tell(tokenId: string): void {
    for (const listener of this.#listeners) listener(tokenId);
  }

  #isExpired({ expiresAt }: Token): boolean {
    return expiresAt !== undefined && expiresAt <= this.#clock.wall();
  }
}
