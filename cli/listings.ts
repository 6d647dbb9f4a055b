import type { ApiClient, WatchOptions } from "../control-plane/api/contract/client.ts";
import { PRESENCES } from "../control-plane/model/node.ts";
import { RELEASE_STATES } from "../control-plane/model/release.ts";
import { allPages } from "./all-pages.ts";
import { format, serialised, type Format, type View } from "./output/format.ts";
import { AUDIT_EVENTS, TOKENS } from "./views/access.ts";
import { ALARMS, DELIVERIES, SILENCES, WEBHOOKS } from "./views/alarms.ts";
import { CHAINS, CLUSTERS, DOMAINS, PLUGINS } from "./views/catalogue.ts";
import { NODES } from "./views/nodes.ts";
import { RELEASES } from "./views/releases.ts";

/** What narrows a listing; each kind knows some of it. */
export interface ListingFilter {
  readonly cluster?: string;
  readonly domain?: string;
  readonly plugin?: string;
  readonly state?: string;
}

/** A kind of thing that `sluice get` lists. */
export interface Listing {
  readonly kind: string;
  /** What else people call it. */
  readonly aliases: readonly string[];
  readonly filters: readonly (keyof ListingFilter)[];
  /** What `state` may be. */
  readonly states?: readonly string[];
  list(client: ApiClient, filter: ListingFilter): Promise<Shown>;
  /** The same again at each change; undefined where the API cannot tell. */
  readonly watch?: (client: ApiClient, filter: ListingFilter, options: WatchOptions) => AsyncIterable<Shown>;
}

/** Items together with how they are shown; what kind of items is forgotten here and nowhere else. */
export interface Shown {
  readonly names: readonly string[];
  text(as: Format, now: number): string;
  /** The item of this name alone; undefined: there is none. */
  only(name: string): Shown | undefined;
}

const PAGE = 500;

function shown<Item>(view: View<Item>, items: readonly Item[]): Shown {
  return {
    names: items.map(view.name),
    text: (as, now) => format(view, items, as, now),
    only: (name) => {
      const item = items.find((each) => view.name(each) === name);
      return item === undefined ? undefined : shownAlone(view, item);
    },
  };
}

/** As JSON and YAML it is no list then. */
function shownAlone<Item>(view: View<Item>, item: Item): Shown {
  const all = shown(view, [item]);
  const alone = (as: Format): boolean => as === "json" || (as === "yaml" && view.document === undefined);
  return {
    ...all,
    text: (as, now) => (alone(as) ? serialised(item, as as "json" | "yaml") : all.text(as, now)),
  };
}

async function* watched<Item>(
  view: View<Item>,
  answers: AsyncIterable<{ readonly items: readonly Item[] }>,
): AsyncGenerator<Shown> {
  for await (const { items } of answers) yield shown(view, items);
}

/** Kinds in the order of help. */
export const LISTINGS: readonly Listing[] = [
  {
    kind: "nodes",
    aliases: ["node"],
    filters: ["cluster", "state"],
    states: PRESENCES,
    list: async (client, { cluster, state: presence }) =>
      shown(
        NODES,
        await allPages((cursor) =>
          client.call("listNodes", { query: { limit: PAGE, cursor, cluster, presence } }),
        ),
      ),
    watch: (client, { cluster, state: presence }, options) =>
      watched(NODES, client.watch("listNodes", { query: { limit: PAGE, cluster, presence } }, options)),
  },
  {
    kind: "releases",
    aliases: ["release"],
    filters: ["cluster", "plugin", "state"],
    states: RELEASE_STATES,
    list: async (client, { cluster, plugin, state }) =>
      shown(
        RELEASES,
        await allPages((cursor) =>
          client.call("listReleases", { query: { limit: PAGE, cursor, cluster, plugin, state } }),
        ),
      ),
    watch: (client, { cluster, plugin, state }, options) =>
      watched(
        RELEASES,
        client.watch("listReleases", { query: { limit: PAGE, cluster, plugin, state } }, options),
      ),
  },
  {
    kind: "plugins",
    aliases: ["plugin"],
    filters: ["domain"],
    list: async (client, { domain }) =>
      shown(
        PLUGINS,
        await allPages((cursor) => client.call("listPlugins", { query: { limit: PAGE, cursor, domain } })),
      ),
  },
  {
    kind: "clusters",
    aliases: ["cluster"],
    filters: ["domain"],
    list: async (client, { domain }) =>
      shown(
        CLUSTERS,
        await allPages((cursor) => client.call("listClusters", { query: { limit: PAGE, cursor, domain } })),
      ),
  },
  {
    kind: "chains",
    aliases: ["chain"],
    filters: ["domain"],
    list: async (client, { domain }) => {
      const clusters = await allPages((cursor) =>
        client.call("listClusters", { query: { limit: PAGE, cursor, domain } }),
      );
      const chains = [];
      for (const { name } of clusters)
        chains.push(await client.call("getChain", { params: { cluster: name } }));
      // Revision 0: nobody has written one.
      return shown(
        CHAINS,
        chains.filter(({ revision }) => revision > 0),
      );
    },
  },
  {
    kind: "domains",
    aliases: ["domain"],
    filters: [],
    list: async (client) =>
      shown(
        DOMAINS,
        await allPages((cursor) => client.call("listDomains", { query: { limit: PAGE, cursor } })),
      ),
  },
  {
    kind: "alarms",
    aliases: ["alarm"],
    filters: [],
    list: async (client) => shown(ALARMS, (await client.call("listAlarms")).items),
    watch: (client, _filter, options) => watched(ALARMS, client.watch("listAlarms", {}, options)),
  },
  {
    kind: "silences",
    aliases: ["silence"],
    filters: [],
    list: async (client) =>
      shown(
        SILENCES,
        await allPages((cursor) => client.call("listSilences", { query: { limit: PAGE, cursor } })),
      ),
  },
  {
    kind: "webhooks",
    aliases: ["webhook"],
    filters: [],
    list: async (client) =>
      shown(
        WEBHOOKS,
        await allPages((cursor) => client.call("listWebhooks", { query: { limit: PAGE, cursor } })),
      ),
  },
  {
    kind: "deliveries",
    aliases: ["delivery"],
    filters: [],
    list: async (client) =>
      shown(
        DELIVERIES,
        await allPages((cursor) => client.call("listDeliveries", { query: { limit: PAGE, cursor } })),
      ),
  },
  {
    kind: "tokens",
    aliases: ["token"],
    filters: [],
    list: async (client) =>
      shown(
        TOKENS,
        await allPages((cursor) => client.call("listTokens", { query: { limit: PAGE, cursor } })),
      ),
  },
  {
    kind: "audit-events",
    aliases: ["audit-event", "event", "audit"],
    filters: [],
    list: async (client) =>
      shown(
        AUDIT_EVENTS,
        await allPages((cursor) => client.call("listAudit", { query: { limit: PAGE, cursor } })),
      ),
  },
];
