import type { z } from "zod";

import type { ResourceMark, ResourceStanding } from "../../model/node.ts";
import type { KnownNode, NodeReports } from "../../reports/node-reports.ts";
import { refusedContents, type RefusedContent } from "../../reports/refused-contents.ts";
import type * as resource from "../contract/resources.ts";
import { optionalTimeText, timeText } from "./time.ts";

type NodeAnswer = z.input<typeof resource.node>;

/** A node with what it said last, and what follows from that now. */
export function nodeAnswer({ node, report }: KnownNode, reports: NodeReports): NodeAnswer {
  const { stage, route, chain } = report.resources;
  return {
    ...node,
    labels: { ...node.labels },
    presence: reports.presence(node.id),
    sync: reports.sync(node.id),
    lastSeen: optionalTimeText(report.lastSeen),
    resources: { stage: standingAnswer(stage), route: standingAnswer(route), chain: standingAnswer(chain) },
    plugins: [...report.plugins],
    packages: [...report.packages],
    refused: refusedContents(report).map(refusedAnswer),
    failures: report.failures.map((failure) => ({ ...failure, at: timeText(failure.at) })),
  };
}

function refusedAnswer(refused: RefusedContent): NodeAnswer["refused"][number] {
  const { type, hash, at, problems } = refused;
  const { plugin, version } = refused.version ?? {};
  return { type, hash, plugin, version, at: optionalTimeText(at), problems: [...problems] };
}

type StandingAnswer = NodeAnswer["resources"]["stage"];

function standingAnswer({ wanted, sent, acked, nacked }: ResourceStanding): StandingAnswer {
  return {
    wanted: markAnswer(wanted),
    sent: markAnswer(sent),
    acked: markAnswer(acked),
    nacked: nacked && { hash: nacked.hash, at: timeText(nacked.at), problems: [...nacked.problems] },
  };
}

function markAnswer(mark: ResourceMark | undefined): StandingAnswer["sent"] {
  return mark && { hash: mark.hash, tick: mark.tick, at: timeText(mark.at) };
}
