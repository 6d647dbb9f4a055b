import { RELEASE_STEPS, type ReleaseStep } from "../control-plane/model/release-machine.ts";
import { RELEASE_STATES, type ReleaseState } from "../control-plane/model/release.ts";

/** docs/releases.md, made from the table by which the control plane lets a release take a step. */
export function releasesPage(): string {
  return `<!-- Made by \`npm run generate\` from control-plane/model; a test compares. -->

# Releases

A release puts one version of a plugin on nodes of one cluster; nothing else does. It is \`full\`, or \`gray\`: on chosen
nodes, on those with certain labels, on a percentage of the nodes, or on a percentage of the traffic of every node.
A percentage of the nodes is about that part of them, by a hash of their names, and one node at least: while none is
there nobody is taken, and the next step (\`download\` or \`activate\` again) takes one of those that came.
A percentage of the traffic is that part of the clients: by their address (behind a balancer only with \`trustedProxies\`), or
by what the chain's entry names in \`bucketBy\`, alike on every node.
Where it is gray the base is loaded beside it, and takes its exchanges while it cannot answer (not loaded, tripped,
suspended, quarantined).
Where it does not run, and when it ends, nodes run the **base**: the version of the release that is ACTIVE or DONE.

One release for each plugin in a cluster is open at a time, beside a rollback that waits for approval. Every state is
stored, with who led there, in the audit. Nodes that are OFFLINE hold nothing up: they catch up when they are back.
A gray release is there to be tried, so it waits in DOWNLOADING and ACTIVATING while no node fits its target, or every one
that does is OFFLINE; \`fail\`, \`delete\`, \`cancel\` and a rollback lead out of that. A full release of a cluster
without nodes goes on: nodes that join run it.
A gray release needs \`promote\` before \`complete\`: it runs on a part of the cluster, and only what runs on all of it becomes
the base, which is what nodes that join and later releases fall back to. \`promote\` makes it full; once every node runs it,
it is ACTIVE and \`complete\` says that somebody has looked at it.

A node is \`active\` when it reports that the version runs and has acknowledged a chain that gives it the share that the
release is for now. So \`widen\`, wider or narrower, \`promote\` and a rollback are waited for on every node, although the
version runs there already: the release stays ACTIVATING, and \`complete\` is refused, until all nodes that are not
OFFLINE have taken it; of a gray release that is for other nodes now also those that it was for, until they have
acknowledged a chain without the version. One that refuses it is \`failed\`, with the reason. While a release is ACTIVATING,
what a node said before its stream ended, or before the control plane was started again, counts only once it is OFFLINE,
as its last word; a node whose stream breaks later stays \`active\` until it says something else.

\`\`\`mermaid
stateDiagram-v2
${MAIN_ROAD.flatMap(arrowsOf).join("\n")}
\`\`\`

## Steps

Steps with a right are asked for: \`POST /api/v1/releases/ID/STEP\`, \`sluice release STEP ID\`; \`delete\` is
\`DELETE /api/v1/releases/ID\`. The others follow from time, from what nodes report, or from another release. A step that
is not in the table is refused with \`wrong_state\` and the steps that are possible.

| step | from | to | right | meaning |
| --- | --- | --- | --- | --- |
${STEPS.map(rowOf).join("\n")}

## States

${RELEASE_STATES.map((state) => `- \`${state}\`: ${leavesOf(state)}`).join("\n")}
`;
}

const STEPS: readonly ReleaseStep[] = RELEASE_STEPS;

/** What most releases go through; the table has the rest. */
const MAIN_ROAD = STEPS.filter(
  ({ name, to }) =>
    to !== "same" && !["edit", "supersede", "remove", "rollback", "cancel", "fail", "delete"].includes(name),
);

function arrowsOf({ name, from, to }: ReleaseStep): string[] {
  const sources = from.length === 0 ? ["[*]"] : from.filter((state) => state !== to);
  return sources.map((source) => `  ${source} --> ${to}: ${name}`);
}

function rowOf({ name, from, to, only, right, meaning }: ReleaseStep): string {
  const sources = from.map((state) => `\`${state}\``).join(", ");
  const cells = [
    only === undefined ? `\`${name}\`` : `\`${name}\` (${only})`,
    sources,
    to === "same" ? "the same" : `\`${to}\``,
    right === "none" ? "" : `\`${right}\``,
    meaning,
  ];
  return `| ${cells.join(" | ")} |`;
}

function leavesOf(state: ReleaseState): string {
  const names = STEPS.filter(({ from }) => from.includes(state)).map(({ name }) => `\`${name}\``);
  return names.length === 0 ? "the end." : [...new Set(names)].join(", ");
}
