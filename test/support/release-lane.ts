import { Readable } from "node:stream";

import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { ApiAnswer } from "../../control-plane/api/contract/client-types.ts";
import type { Random } from "../fuzz-h1/random.ts";
import { taggerZip } from "./controlled-sidecar.ts";
import type { Acknowledged, Lane } from "./crash-lane.ts";

type Release = ApiAnswer<"listReleases">["items"][number];
type Changed = Pick<ApiAnswer<"createRelease">, "release">;

export interface ReleaseLaneOptions {
  readonly cluster: string;
  /** First part of the versions that it uploads. */
  readonly major: number;
  /** Developer and operator, and owner of `tagger`. */
  readonly author: ApiClient;
  readonly approver: ApiClient;
  readonly random: Random;
}

/** States in which a release waits for its nodes. */
const WAITING = ["DOWNLOADING", "ACTIVATING"];

/** Takes one release of `tagger` after the other through its life in a cluster, and rolls back some. */
export class ReleaseLane implements Lane {
  readonly actors: readonly string[];
  readonly #options: ReleaseLaneOptions;
  #versions = 0;
  #uploaded: string | undefined;

  constructor(options: ReleaseLaneOptions) {
    this.#options = options;
    this.actors = [`author-${options.cluster}`, `approver-${options.cluster}`];
  }

  async step(signal: AbortSignal): Promise<Acknowledged | undefined> {
    const newest = await this.newest();
    if (newest === undefined || !OPEN_ACTIONS.some((action) => newest.actions.includes(action)))
      return this.#begin(newest);
    return this.#goOn(newest, signal);
  }

  /** The release that was made last. */
  async newest(): Promise<Release | undefined> {
    const { author, cluster } = this.#options;
    const { items } = await author.call("listReleases", { query: { cluster, limit: 1 } });
    return items[0];
  }

  async #begin(newest: Release | undefined): Promise<Acknowledged> {
    const { author, cluster, random } = this.#options;
    if (newest?.state === "DONE" && newest.base !== undefined && random.once(3))
      return acknowledged(await author.call("rollBackRelease", { params: { release: newest.id }, body: {} }));
    const version = this.#uploaded;
    if (version === undefined) return this.#upload();
    // Where no answer comes it may have been used all the same.
    this.#uploaded = undefined;
    const body = { cluster, plugin: "tagger", version, target: { kind: "full" } } as const;
    return acknowledged(await author.call("createRelease", { body }));
  }

  async #upload(): Promise<Acknowledged> {
    const { author, major } = this.#options;
    const version = `${major}.${this.#versions++}.0`;
    const zip = taggerZip("tagger", version);
    const file = { name: "tagger.zip", size: zip.length, bytes: Readable.from([zip]) };
    const { revision } = await author.upload({ plugin: "tagger" }, file);
    this.#uploaded = version;
    return { record: `versions tagger@${version}`, revision };
  }

  async #goOn({ id, state }: Release, signal: AbortSignal): Promise<Acknowledged | undefined> {
    const { author, approver, random } = this.#options;
    const request = { params: { release: id } };
    switch (state) {
      case "PENDING_APPROVAL":
        if (random.once(4))
          return acknowledged(await author.call("editRelease", { ...request, body: { note: "again" } }));
        return acknowledged(await approver.call("approveRelease", request));
      case "APPROVED":
        return acknowledged(await author.call("downloadRelease", request));
      case "DOWNLOADED":
        return acknowledged(await author.call("activateRelease", request));
      case "ACTIVE":
        return acknowledged(await author.call("completeRelease", request));
      default:
        if (WAITING.includes(state) && random.once(3))
          return acknowledged(await author.call("retryRelease", { ...request, body: {} }));
        await this.#leaves(id, state, signal);
        return undefined;
    }
  }

  /** Waits until the release is in another state. */
  async #leaves(release: number, state: string, signal: AbortSignal): Promise<void> {
    const request = { params: { release } };
    for await (const answer of this.#options.author.watch("getRelease", request, { signal }))
      if (answer.release.state !== state) return;
  }
}

/** One of these is possible while a release is not over. */
const OPEN_ACTIONS = ["approve", "download", "activate", "complete", "cancel", "fail"];

function acknowledged({ release: { id, revision, state } }: Changed): Acknowledged {
  return { record: `releases ${id}`, revision, state };
}
