import type { TokenActor } from "../access/authenticator.ts";
import type { Place } from "../access/place.ts";
import { refuseOwnVersion } from "../catalogue/versions.ts";
import { OperationError } from "../model/operation-error.ts";
import { refuseOwn } from "../releases/approval-actions.ts";
import type { Store } from "../store/store.ts";
import type { EndpointName } from "./contract/endpoints.ts";
import { nearestCluster } from "./named-things.ts";

/** What was refused. */
interface AskedFor {
  readonly endpoint: EndpointName;
  /** Of the path, checked or not. */
  readonly params: unknown;
  readonly places: readonly Place[];
}

/**
 * A refusal for want of a right as whoever reads it understands it best. Whose thing it is counts before the right:
 * who has made a release cannot approve it with any role. A cluster of another name may have been meant.
 */
export async function toldRefusal(
  store: Store,
  actor: TokenActor,
  asked: AskedFor,
  refused: unknown,
): Promise<unknown> {
  if (!(refused instanceof OperationError)) return refused;
  try {
    await refuseOwnThing(store, actor, asked);
    return await withNearest(store, actor, asked, refused);
  } catch (own) {
    return own;
  }
}

async function refuseOwnThing(
  store: Store,
  actor: TokenActor,
  { endpoint: name, params: named }: AskedFor,
): Promise<void> {
  const params = named as Readonly<Record<string, unknown>>;
  if (name === "approveRelease") {
    const id = Number(params["release"]);
    const release = Number.isSafeInteger(id) ? await store.read((view) => view.releases.get(id)) : undefined;
    if (release !== undefined) refuseOwn(release, actor.name);
  }
  if (name === "approveVersion" || name === "refuseVersion") {
    const { plugin, version } = params;
    if (typeof plugin !== "string" || typeof version !== "string") return;
    const found = await store.read((view) => view.versions.get({ plugin, version }));
    if (found !== undefined) refuseOwnVersion(found, actor.name);
  }
}

/** The same refusal, with the cluster that may have been meant. */
async function withNearest(
  store: Store,
  actor: TokenActor,
  { places: [place] }: AskedFor,
  refused: OperationError,
): Promise<OperationError> {
  if (place?.kind !== "cluster") return refused;
  const near = await store.read((view) => nearestCluster(view, actor, place.cluster));
  return near === "" ? refused : new OperationError("forbidden", `${refused.message}${near}`);
}
