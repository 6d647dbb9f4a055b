import type { Refusal, ResourceMark, ResourceStanding, ResourceType } from "../model/node.ts";

/** Refusals kept for one type on one node; the oldest goes first. */
const MOST_REFUSED = 32;

const EMPTY: ResourceStanding = {
  wanted: undefined,
  sent: undefined,
  acked: undefined,
  nacked: undefined,
  refused: [],
};

/** Of a node that nobody has heard of. */
export const NO_STANDINGS: Readonly<Record<ResourceType, ResourceStanding>> = {
  stage: EMPTY,
  route: EMPTY,
  chain: EMPTY,
};

/**
 * It should have something else now; the same object where it is what it should have already. `inPlace`: what it gets,
 * where that is something else.
 */
export function want(
  standing: ResourceStanding,
  mark: ResourceMark | undefined,
  inPlace: ResourceMark | undefined,
): ResourceStanding {
  const known = withEntries(withEntries(standing, mark), inPlace);
  if (mark?.hash === known.wanted?.hash) return known;
  return settled({ ...known, wanted: mark });
}

/**
 * Of what it has in force only the hash may be known, since the node says no more: here is what that hash is of, and that
 * it was made for this node.
 */
function withEntries(standing: ResourceStanding, mark: ResourceMark | undefined): ResourceStanding {
  const { acked, sent } = standing;
  if (acked === undefined || acked.hash !== mark?.hash) return standing;
  const { entries = mark.entries, tick } = acked;
  if (entries === acked.entries && (tick > 0 || mark.tick === 0)) return standing;
  const known = { ...acked, entries, tick: tick > 0 ? tick : mark.tick };
  return { ...standing, acked: known, sent: sent?.hash === known.hash ? known : sent };
}

export function send(standing: ResourceStanding, mark: ResourceMark): ResourceStanding {
  return { ...standing, sent: mark };
}

/** The node has what was sent in force. */
export function acknowledge(standing: ResourceStanding, at: number): ResourceStanding {
  if (standing.sent === undefined) return standing;
  const { hash } = standing.sent;
  const refused = standing.refused.filter((refusal) => refusal.hash !== hash);
  return withRefusal({ ...standing, acked: { ...standing.sent, at }, refused });
}

/** The node called a hash invalid; what it had before goes on. */
export function refuse(standing: ResourceStanding, refusal: Refusal): ResourceStanding {
  const others = standing.refused.filter(({ hash }) => hash !== refusal.hash);
  return settled({ ...standing, refused: [...others, refusal].slice(-MOST_REFUSED) });
}

/** It refuses this without having been sent it; the same object where that is known. */
export function withhold(standing: ResourceStanding, refusal: Refusal): ResourceStanding {
  const known = standing.refused.find(({ hash }) => hash === refusal.hash);
  return known !== undefined && aboutOf(known) === aboutOf(refusal) ? standing : refuse(standing, refusal);
}

/** A person says retry; the same object where nothing was refused. */
export function forgive(standing: ResourceStanding): ResourceStanding {
  if (standing.refused.length === 0) return standing;
  const sent = isRefused(standing, standing.sent) ? standing.acked : standing.sent;
  return { ...standing, sent, refused: [], nacked: undefined };
}

/**
 * A node connected and said what it has in force (undefined: nothing). What was on its way when its last stream ended
 * may never have come.
 */
export function resume(
  standing: ResourceStanding,
  inForce: string | undefined,
  at: number,
): ResourceStanding {
  const known = [standing.acked, standing.sent, standing.wanted].find((mark) => mark?.hash === inForce);
  const acked = inForce === undefined ? undefined : (known ?? { hash: inForce, tick: 0, at });
  const refused = standing.refused.filter(({ hash }) => hash !== inForce);
  return withRefusal({ ...standing, acked, sent: acked, refused });
}

/** Of a refused content that is wanted no more nothing is on its way: what was sent last and stands is in force. */
function settled(standing: ResourceStanding): ResourceStanding {
  const { wanted, sent, acked } = standing;
  const isOver = sent?.hash !== wanted?.hash && isRefused(standing, sent);
  return withRefusal(isOver ? { ...standing, sent: acked } : standing);
}

function aboutOf({ entries, problems }: Refusal): string {
  return JSON.stringify(entries === undefined ? problems : entries.map(({ hash }) => hash));
}

function isRefused({ refused }: ResourceStanding, mark: ResourceMark | undefined): boolean {
  return refused.some(({ hash }) => hash === mark?.hash);
}

function withRefusal(standing: ResourceStanding): ResourceStanding {
  return { ...standing, nacked: standing.refused.find(({ hash }) => hash === standing.wanted?.hash) };
}
