import type { Place } from "../access/place.ts";
import type { Store, View } from "../store/store.ts";
import type { Actor } from "../model/actor.ts";
import type { EndpointScope } from "./contract/endpoint.ts";
import { storedRelease } from "../releases/stored-releases.ts";
import { nodeNamed, silenceNamed } from "./named-things.ts";

/** What a request names, as far as it is looked at here: checked by its schema, but of one endpoint or another. */
export interface NamedThings {
  readonly domain?: string;
  readonly cluster?: string;
  readonly plugin?: string;
  readonly release?: number;
  readonly node?: string;
  readonly silence?: string;
}

/**
 * Where a request needs its right; in each of these places. Domains, clusters and plugins that are named and not there
 * are looked for with a grant for everything only: nobody else learns that they are not. Throws `not_found` for a
 * release, a node or a silence, whose numbers and ids say nothing of others.
 */
export async function placesOf(
  store: Store,
  actor: Actor,
  scope: EndpointScope,
  path: NamedThings,
  body: NamedThings,
): Promise<readonly Place[]> {
  if (scope === "everywhere" || scope === "somewhere") return [{ kind: scope }];
  return store.read(async (view) => {
    switch (scope) {
      case "domain":
        return [domainPlace(path.domain)];
      case "cluster":
        return clusterPlaces(view, path.cluster ?? body.cluster, body.domain);
      case "plugin":
        return pluginPlaces(view, path.plugin, body.domain);
      case "release":
        return clusterPlaces(view, (await storedRelease(view, path.release ?? 0)).cluster, undefined);
      case "node":
        return clusterPlaces(view, (await nodeNamed(view, actor, path.node ?? "")).cluster, undefined);
      case "silence":
        return clusterPlaces(view, (await silenceNamed(view, path.silence ?? "")).cluster, undefined);
    }
  });
}

/** Who makes a cluster, or moves it to another domain, needs the right there too. */
async function clusterPlaces(
  view: View,
  cluster: string | undefined,
  newDomain: string | undefined,
): Promise<readonly Place[]> {
  if (cluster === undefined) return [{ kind: "everywhere" }];
  const domain = (await view.clusters.get(cluster))?.domain ?? newDomain;
  const place: Place = { kind: "cluster", cluster, domain };
  return newDomain === undefined || newDomain === domain ? [place] : [place, domainPlace(newDomain)];
}

async function pluginPlaces(
  view: View,
  plugin: string | undefined,
  newDomain: string | undefined,
): Promise<readonly Place[]> {
  const domain = (await view.plugins.get(plugin ?? ""))?.domain ?? newDomain;
  const place = domainPlace(domain);
  return newDomain === undefined || newDomain === domain ? [place] : [place, domainPlace(newDomain)];
}

function domainPlace(domain: string | undefined): Place {
  return domain === undefined ? { kind: "everywhere" } : { kind: "domain", domain };
}
