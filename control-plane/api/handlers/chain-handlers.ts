import type { Clock } from "../../../core/clock.ts";
import { putChain, putChainEntry, removePlugin } from "../../catalogue/chains.ts";
import { clusterNamed } from "../../catalogue/named-records.ts";
import type { ClusterChain } from "../../model/chain.ts";
import type { Store } from "../../store/store.ts";
import { chainAnswer } from "../answers/catalogue-answer.ts";
import type { EndpointHandlers } from "../endpoint-handler.ts";

type Names = "getChain" | "putChain" | "putChainEntry" | "removePlugin";

/** What a cluster has before anybody has written its chain. */
const NO_DEADLINES = { request: 0, response: 0 };

/** The chains of clusters. */
export function chainHandlers(store: Store, clock: Clock): EndpointHandlers<Names> {
  return {
    getChain: ({ params }) => {
      return store.read(async (view) => {
        await clusterNamed(view, params.cluster);
        return chainAnswer((await view.chains.get(params.cluster)) ?? emptyChain(params.cluster));
      });
    },
    putChain: async ({ actor, params, body, revision }) => {
      return chainAnswer(await putChain(store, actor, { cluster: params.cluster, wish: body }, revision));
    },
    putChainEntry: async ({ actor, params, body, revision }) => {
      const changes = { ...body, plugin: params.plugin };
      return chainAnswer(await putChainEntry(store, actor, { cluster: params.cluster, changes }, revision));
    },
    removePlugin: async ({ actor, params, revision }) => {
      return chainAnswer(await removePlugin(store, actor, { ...params, clock }, revision));
    },
  };
}

function emptyChain(cluster: string): ClusterChain {
  return { cluster, entries: [], deadlines: NO_DEADLINES, revision: 0 };
}
