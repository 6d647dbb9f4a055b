import type { z } from "zod";

import { actionsOf } from "../../model/release-machine.ts";
import type { Approval, Release, ReleaseTarget } from "../../model/release.ts";
import type { ReleaseStatus } from "../../releases/release-status.ts";
import type * as resource from "../contract/resources.ts";
import { optionalTimeText, timeText } from "./time.ts";

type ReleaseAnswer = z.input<typeof resource.release>;

export function releaseAnswer(release: Release): ReleaseAnswer {
  const { scheduledAt, activeSince, createdAt, updatedAt, approvals, target } = release;
  return {
    ...release,
    editors: [...release.editors],
    target: targetAnswer(target),
    approvals: approvals.map(approvalAnswer),
    scheduledAt: optionalTimeText(scheduledAt),
    activeSince: optionalTimeText(activeSince),
    createdAt: timeText(createdAt),
    updatedAt: timeText(updatedAt),
    actions: [...actionsOf(release)],
  };
}

export function releaseStatusAnswer(status: ReleaseStatus): z.input<typeof resource.releaseStatus> {
  return {
    ...status,
    release: releaseAnswer(status.release),
    nodes: status.nodes.map((node) => ({ ...node })),
    counts: { ...status.counts },
  };
}

function approvalAnswer({ by, at, note, bypass }: Approval): ReleaseAnswer["approvals"][number] {
  return { by, at: timeText(at), note, bypass };
}

function targetAnswer(target: ReleaseTarget): ReleaseAnswer["target"] {
  if (target.kind === "nodes") return { ...target, nodes: [...target.nodes] };
  if (target.kind === "selector") return { ...target, labels: { ...target.labels } };
  return target;
}
