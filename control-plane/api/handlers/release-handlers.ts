import type { Actor } from "../../model/actor.ts";
import type { ReleaseState } from "../../model/release.ts";
import type { ChangedRelease, ReleaseRequest } from "../../releases/release-context.ts";
import type { Releases } from "../../releases/releases.ts";
import type { Store } from "../../store/store.ts";
import { pageAnswer, pageRequest } from "../answers/page-answer.ts";
import { releaseAnswer, releaseStatusAnswer } from "../answers/release-answer.ts";
import { timeOf } from "../answers/time.ts";
import type { RELEASE_ENDPOINTS } from "../contract/release-endpoints.ts";
import type { EndpointHandlers } from "../endpoint-handler.ts";
import { readableClusters } from "../readable.ts";

interface ReleaseCall<Body> {
  readonly actor: Actor;
  readonly params: { readonly release: number };
  readonly body: Body;
  readonly revision: number | undefined;
}

export function releaseHandlers(
  store: Store,
  releases: Releases,
): EndpointHandlers<keyof typeof RELEASE_ENDPOINTS> {
  /** The handler of an action on one release. */
  const step = <Body>(
    act: (actor: Actor, request: ReleaseRequest, body: Body) => Promise<ChangedRelease>,
  ): ((call: ReleaseCall<Body>) => Promise<ChangedAnswer>) => {
    return async ({ actor, params, body, revision }) => {
      return changedAnswer(await act(actor, { release: params.release, expected: revision }, body));
    };
  };
  return {
    listReleases: ({ actor, query }) => {
      const { cluster, plugin, state } = query;
      return store.read(async (view) => {
        const readable = await readableClusters(view, actor);
        const filter = {
          cluster,
          plugin,
          ...(state === undefined ? {} : { states: [state as ReleaseState] }),
        };
        const page = await view.releases.list(filter, { ...pageRequest(query), descending: true });
        const items = page.items.filter((release) => readable(release.cluster));
        return pageAnswer({ items, next: page.next }, releaseAnswer);
      });
    },
    createRelease: async ({ actor, body }) => {
      return changedAnswer(await releases.create(actor, { ...body, scheduledAt: timeOf(body.scheduledAt) }));
    },
    getRelease: async ({ params }) => releaseStatusAnswer(await releases.status(params.release)),
    editRelease: step((actor, request, { scheduledAt, ...rest }) => {
      const time = scheduledAt === null ? "none" : timeOf(scheduledAt);
      return releases.edit(actor, request, { ...rest, scheduledAt: time });
    }),
    approveRelease: step((actor, request, { note }) => releases.approve(actor, request, note)),
    bypassRelease: step((actor, request, { reason }) => releases.bypass(actor, request, reason)),
    rejectRelease: step((actor, request, { reason }) => releases.reject(actor, request, reason)),
    cancelRelease: step((actor, request, { note }) => releases.cancel(actor, request, note)),
    downloadRelease: step((actor, request) => releases.download(actor, request)),
    activateRelease: step((actor, request) => releases.activate(actor, request)),
    widenRelease: step((actor, request, { target }) => releases.widen(actor, request, target)),
    promoteRelease: step((actor, request) => releases.promote(actor, request)),
    completeRelease: step((actor, request) => releases.complete(actor, request)),
    failRelease: step((actor, request, { reason }) => releases.fail(actor, request, reason)),
    retryRelease: step((actor, request, { nodes }) => releases.retry(actor, request, nodes)),
    deleteRelease: step((actor, request) => releases.delete(actor, request)),
    rollBackRelease: step((actor, { release }, body) => releases.rollBack(actor, { ...body, release })),
  };
}

interface ChangedAnswer {
  release: ReturnType<typeof releaseAnswer>;
  tick: number;
}

function changedAnswer({ release, tick }: ChangedRelease): ChangedAnswer {
  return { release: releaseAnswer(release), tick };
}
