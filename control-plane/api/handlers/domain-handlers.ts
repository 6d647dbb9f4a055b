import type { Clock } from "../../../core/clock.ts";
import { deleteCluster, putCluster } from "../../catalogue/clusters.ts";
import { deleteDomain, putDomain } from "../../catalogue/domains.ts";
import { clusterNamed, domainNamed } from "../../catalogue/named-records.ts";
import type { NodeReports } from "../../reports/node-reports.ts";
import type { Store } from "../../store/store.ts";
import { pageAnswer, pageRequest } from "../answers/page-answer.ts";
import type { EndpointHandlers } from "../endpoint-handler.ts";
import { readableClusters } from "../readable.ts";
import { refuseOtherName } from "./same-name.ts";

type Names =
  | "listDomains"
  | "getDomain"
  | "putDomain"
  | "deleteDomain"
  | "listClusters"
  | "getCluster"
  | "putCluster"
  | "deleteCluster"
  | "getConvergence";

export interface DomainParts {
  readonly store: Store;
  readonly reports: NodeReports;
  readonly clock: Clock;
}

/** Domains and clusters. */
export function domainHandlers({ store, reports, clock }: DomainParts): EndpointHandlers<Names> {
  return {
    listDomains: ({ query }) => {
      return store.read(async (view) => {
        return pageAnswer(await view.domains.list({}, pageRequest(query)), (domain) => domain);
      });
    },
    getDomain: ({ params }) => store.read(async (view) => domainNamed(view, params.domain)),
    putDomain: async ({ actor, params, body, revision }) => {
      refuseOtherName(body.name, params.domain);
      return putDomain(store, actor, body, revision);
    },
    deleteDomain: async ({ actor, params, revision }) => deleteDomain(store, actor, params.domain, revision),
    listClusters: ({ actor, query }) => {
      return store.read(async (view) => {
        const readable = await readableClusters(view, actor);
        const page = await view.clusters.list({ domain: query.domain }, pageRequest(query));
        return pageAnswer(
          page,
          (cluster) => cluster,
          ({ name }) => readable(name),
        );
      });
    },
    getCluster: ({ params }) => store.read(async (view) => clusterNamed(view, params.cluster)),
    putCluster: async ({ actor, params, body, revision }) => {
      refuseOtherName(body.name, params.cluster);
      return putCluster(store, actor, body, revision);
    },
    deleteCluster: async ({ actor, params, revision }) => {
      await deleteCluster(store, actor, { name: params.cluster, clock }, revision);
    },
    getConvergence: async ({ params }) => {
      const tick = await store.read(async (view) => {
        await clusterNamed(view, params.cluster);
        return view.tick;
      });
      return { tick, ...reports.convergence(params.cluster) };
    },
  };
}
