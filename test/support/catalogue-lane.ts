import { setTimeout } from "node:timers/promises";

import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { Random } from "../fuzz-h1/random.ts";
import type { Acknowledged, Lane } from "./crash-lane.ts";

/** ms between two changes: releases, which take longer, have their turn. */
const PACE = 10;

type Act = () => Promise<Acknowledged>;

/** Changes everything that is no release: tokens, silences, webhooks, clusters with their rules, the chain. */
export class CatalogueLane implements Lane {
  readonly actors: readonly string[] = ["keeper"];
  readonly #keeper: ApiClient;
  readonly #random: Random;
  /** Secrets of tokens that were made, by their id. */
  readonly secrets: Map<string, string> = new Map();
  readonly revoked: Set<string> = new Set();
  readonly #silences: string[] = [];
  readonly #webhooks: string[] = [];
  #count = 0;

  /** `keeper`: an admin. */
  constructor(keeper: ApiClient, random: Random) {
    this.#keeper = keeper;
    this.#random = random;
  }

  async step(signal: AbortSignal): Promise<Acknowledged | undefined> {
    await setTimeout(PACE, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return undefined;
    this.#count++;
    const acts: readonly [Act, ...Act[]] = [
      () => this.#createToken(),
      () => this.#revokeToken(),
      () => this.#silence(),
      () => this.#endSilence(),
      () => this.#putWebhook(),
      () => this.#deleteWebhook(),
      () => this.#apply(),
      () => this.#policy(),
      () => this.#tag(),
    ];
    return this.#random.pick(acts)();
  }

  async #createToken(): Promise<Acknowledged> {
    const grants = [{ role: "viewer", scope: { kind: "all" } }] as const;
    const body = { name: `reader-${this.#count}`, grants: [...grants] };
    const { token, secret } = await this.#keeper.call("createToken", { body });
    this.secrets.set(token.id, secret);
    return { record: `tokens ${token.id}`, revision: token.revision };
  }

  async #revokeToken(): Promise<Acknowledged> {
    const [id] = [...this.secrets.keys()].filter((each) => !this.revoked.has(each));
    if (id === undefined) return this.#createToken();
    // Asked for: whether it was done is not known where no answer comes.
    this.revoked.add(id);
    await this.#keeper.call("revokeToken", { params: { token: id } });
    const { items } = await this.#keeper.call("listTokens", { query: { limit: 1_000 } });
    const { revision } = items.find((each) => each.id === id && each.revoked) ?? {};
    return { record: `tokens ${id}`, revision };
  }

  async #silence(): Promise<Acknowledged> {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const body = { cluster: "demo", until, reason: `work ${this.#count}` };
    const { id, revision } = await this.#keeper.call("createSilence", { body });
    this.#silences.push(id);
    return { record: `silences ${id}`, revision };
  }

  async #endSilence(): Promise<Acknowledged> {
    const id = this.#silences.pop();
    if (id === undefined) return this.#silence();
    await this.#keeper.call("deleteSilence", { params: { silence: id } });
    return { record: `silences ${id}`, revision: undefined };
  }

  async #putWebhook(): Promise<Acknowledged> {
    const id = `hook-${this.#count}`;
    const secret = { fromEnv: "WEBHOOK_SECRET" };
    const body = { id, url: "http://127.0.0.1:9/", kinds: [], secret, enabled: false };
    const { revision } = await this.#keeper.call("putWebhook", { params: { webhook: id }, body });
    this.#webhooks.push(id);
    return { record: `webhooks ${id}`, revision };
  }

  async #deleteWebhook(): Promise<Acknowledged> {
    const id = this.#webhooks.pop();
    if (id === undefined) return this.#putWebhook();
    await this.#keeper.call("deleteWebhook", { params: { webhook: id } });
    return { record: `webhooks ${id}`, revision: undefined };
  }

  /** Three records in one change. */
  async #apply(): Promise<Acknowledged> {
    const name = `area-${this.#count}`;
    const documents = [
      { kind: "Domain", name },
      { kind: "Cluster", name, domain: name, environment: "test" },
      { kind: "Plugin", name, domain: name, owners: ["keeper"] },
    ];
    const { tick } = await this.#keeper.call("applyDocument", { body: { documents } });
    return { record: `plugins ${name}`, revision: tick };
  }

  async #policy(): Promise<Acknowledged> {
    const requiredApprovals = 1 + this.#random.below(2);
    const rules = { environment: `test-${this.#count}`, requiredApprovals, rollbackApproval: false };
    const body = { name: "policy", domain: "shop", ...rules };
    const { revision } = await this.#keeper.call("putCluster", { params: { cluster: "policy" }, body });
    return { record: "clusters policy", revision };
  }

  /** Another chain for every node of `demo`. */
  async #tag(): Promise<Acknowledged> {
    const params = { cluster: "demo", plugin: "tagger" };
    const body = { tag: `tag-${this.#count}` };
    const { revision } = await this.#keeper.call("putChainEntry", { params, body });
    return { record: "chains demo", revision };
  }
}
