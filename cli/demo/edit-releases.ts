import { ApiError } from "../../control-plane/api/contract/api-error.ts";
import type { ApiAnswer } from "../../control-plane/api/contract/client-types.ts";
import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import { IN_FULL_FORCE, OPEN } from "../../control-plane/model/release-machine.ts";
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { isWorkInProgress } from "../../core/packages/pack.ts";
import { DEMO } from "./plan.ts";

export interface EditReleasesOptions {
  readonly dev: ApiClient;
  readonly ops: ApiClient;
  readonly clock: Clock;
  /** Hears what became of each. */
  readonly say: (text: string) => void;
}

/** A version that the control plane has. */
export interface UploadedVersion {
  readonly plugin: string;
  readonly version: string;
}

type Release = ApiAnswer<"getRelease">["release"];

/** ms that an edit waits for the one before it, which mostly is in force, or refused, in a fraction of that. */
const PATIENCE = 3_000;
/** A release may take a step of its own while it is given up. */
const ATTEMPTS = 3;
/** Of releases that ended before they were in force everywhere, or were ended by people. */
const GIVEN_UP: readonly Release["state"][] = ["REJECTED", "FAILED", "CANCELLED"];
export const EDIT_NOTE = "edited while the demo runs";

/**
 * Releases of edits: each goes to every node by itself. Whoever edits knows nothing of releases: one that a node refuses
 * is told and given up, so that it does not stand in the way of the next.
 */
export class EditReleases implements Disposable {
  readonly #options: EditReleasesOptions;
  readonly #stopped = new AbortController();
  /** By plugin; none rejects. */
  readonly #following = new Map<string, Promise<void>>();

  constructor(options: EditReleasesOptions) {
    this.#options = options;
  }

  /** Nothing is said any more; releases go on. */
  [Symbol.dispose](): void {
    this.#stopped.abort();
  }

  /** Resolves when the release is on its way; `isBehind`: this edit is not the last one any more. */
  async begin({ plugin, version }: UploadedVersion, isBehind: () => boolean): Promise<void> {
    await this.#comeToAnEnd(plugin);
    if (isBehind() || this.#stopped.signal.aborted) return;
    const releases = await this.#releasesOf(plugin);
    const left = releases.filter(({ note, state }) => note === EDIT_NOTE && isOpen(state));
    for (const { id } of left) await this.#giveUp(id, "another edit has come");
    const last = releases.find(({ state }) => isInForce(state));
    if (last?.version === version) return;
    const release = await this.#request(plugin, version);
    this.#following.set(plugin, this.#follow(release));
  }

  /**
   * Of versions of one plugin, which are all that lie there of it, the one that somebody made while the demo did not look:
   * an edit that was never released, or what is left where one was taken back. Else, what people release or roll back
   * themselves is left as it is.
   */
  async missed(lying: readonly UploadedVersion[]): Promise<UploadedVersion | undefined> {
    const [{ plugin } = { plugin: "" }] = lying;
    const releases = await this.#releasesOf(plugin);
    const lyingOf = (release: Release): UploadedVersion | undefined =>
      lying.find(({ version }) => version === release.version);
    const fresh = lying.filter(({ version }) => releases.every((release) => release.version !== version));
    const edited = fresh.find(({ version }) => isWorkInProgress(version));
    if (edited !== undefined) return edited;
    // What was given up changed nothing, and is not tried again at each start.
    const newest = releases.find((release) => !GIVEN_UP.includes(release.state) || lyingOf(release));
    if (newest?.note !== EDIT_NOTE || !isInForce(newest.state) || lyingOf(newest)) return undefined;
    return fresh[0] ?? releases.map(lyingOf).find((each) => each !== undefined);
  }

  async #comeToAnEnd(plugin: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _ = this.#options.clock.after(PATIENCE, resolve);
    await Promise.race([this.#following.get(plugin), promise]);
  }

  /** The newest first. */
  async #releasesOf(plugin: string): Promise<readonly Release[]> {
    const { cluster } = DEMO;
    return (await this.#options.dev.call("listReleases", { query: { cluster, plugin } })).items;
  }

  async #request(plugin: string, version: string): Promise<Release> {
    const { dev, ops, clock } = this.#options;
    const { release } = await dev.call("createRelease", {
      body: {
        cluster: DEMO.cluster,
        plugin,
        version,
        target: { kind: "full" },
        // With a time it goes through download and activation by itself.
        scheduledAt: new Date(clock.wall()).toISOString(),
        note: EDIT_NOTE,
      },
    });
    await ops.call("approveRelease", { params: { release: release.id }, body: { note: "an edit" } });
    return release;
  }

  async #follow({ id, plugin, version }: Release): Promise<void> {
    const { ops, say } = this.#options;
    const { signal } = this.#stopped;
    try {
      for await (const { release, nodes } of ops.watch(
        "getRelease",
        { params: { release: id } },
        { signal },
      )) {
        if (isInForce(release.state)) say(`${plugin}@${version} is in force\n`);
        if (!isOpen(release.state)) return;
        const failed = nodes.find(({ step }) => step === "failed");
        if (failed === undefined) continue;
        const { node, error = "" } = failed;
        say(`${plugin}@${version} is not in force: ${node} refuses it and goes on as before: ${error}\n`);
        return await this.#giveUp(id, "a node refuses it");
      }
    } catch (error) {
      if (!signal.aborted) say(`${plugin}@${version}: ${messageOf(error)}\n`);
    }
  }

  async #giveUp(release: number, reason: string): Promise<void> {
    const { dev, ops } = this.#options;
    const params = { release };
    for (let attempt = 1; ; attempt++) {
      const { state } = (await dev.call("getRelease", { params })).release;
      if (!isOpen(state)) return;
      try {
        if (state === "ACTIVATING" || state === "GRAY")
          await ops.call("failRelease", { params, body: { reason } });
        else await dev.call("cancelRelease", { params, body: { note: reason } });
      } catch (error) {
        const hasGoneOn = error instanceof ApiError && error.code === "wrong_state";
        if (!hasGoneOn || attempt === ATTEMPTS) throw error;
      }
    }
  }
}

function isOpen(state: Release["state"]): boolean {
  return OPEN.some((open) => open === state);
}

function isInForce(state: Release["state"]): boolean {
  return IN_FULL_FORCE.some((each) => each === state);
}
