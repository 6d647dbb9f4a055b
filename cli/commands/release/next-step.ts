import type { Command } from "commander";

import { ApiError } from "../../../control-plane/api/contract/api-error.ts";
import type { ApiClient } from "../../../control-plane/api/contract/client.ts";
import type { ApiAnswer } from "../../../control-plane/api/contract/client-types.ts";
import { ACTIONS } from "../../../control-plane/model/access.ts";
import { OPEN, RELEASE_STEPS } from "../../../control-plane/model/release-machine.ts";
import type { CommandLine } from "../../command-line.ts";
import { hintedLine } from "../../hint.ts";

type Release = ApiAnswer<"getRelease">["release"];

interface Status {
  readonly release: Release;
  /** Of targeted nodes, as far as they are known. */
  readonly counts: Partial<ApiAnswer<"getRelease">["counts"]>;
  /** Undefined: they were not asked for. */
  readonly nodes?: ApiAnswer<"getRelease">["nodes"];
}

/** What a release waits for, and what one calls then; `as`: whom it takes, empty: anybody who may read. */
interface NextStep {
  readonly waitsFor: string;
  readonly as: string;
  readonly words: readonly string[];
}

/**
 * `waits for somebody to activate it; next, as operator or admin: sluice release activate 7`, for standard error.
 * Undefined where nothing is left to do. `command`: what was called, whose control plane is meant.
 */
export function nextStepText(status: Status, command: Command): string | undefined {
  const { id } = status.release;
  const step = nextStep(status);
  if (step === undefined) return undefined;
  // Who approves is another person, with a context of their own.
  const words = step.words[0] === "get" ? step.words : ["release", ...step.words, String(id)];
  const pasted = step.words[0] === "approve" ? ["sluice", ...words].join(" ") : hintedLine(command, words);
  const as = step.as === "" ? "" : `, as ${step.as}`;
  return `release ${id} waits for ${step.waitsFor}; next${as}: ${pasted}`;
}

/** It is gray and on its way, and there is no node to go on with. */
export function fitsNoNode({ release, nodes }: Status): boolean {
  const onItsWay = release.state === "DOWNLOADING" || release.state === "ACTIVATING";
  const anyNode = nodes === undefined || nodes.some(({ online, targeted }) => online && targeted);
  return onItsWay && release.target.kind !== "full" && !anyNode;
}

function nextStep(status: Status): NextStep | undefined {
  const { release } = status;
  if (fitsNoNode(status)) return forFittingNode(status);
  switch (release.state) {
    case "PENDING_APPROVAL":
      return forApprovals(release);
    case "APPROVED":
      return forSomebody("download");
    case "SCHEDULED":
      return forItsTime(release);
    case "DOWNLOADING":
    case "ACTIVATING":
      return forNodes(status);
    case "DOWNLOADED":
      return release.automatic ? forItsTime(release) : forSomebody("activate");
    case "GRAY":
      return forSomebody("promote");
    case "ACTIVE":
      return forSomebody("complete");
    default:
      return undefined;
  }
}

function forFittingNode({ release, nodes }: Status): NextStep {
  const { target, state, cluster } = release;
  const isThere = nodes?.some(({ online }) => online) === true;
  // At least one is taken, but only when a step looks for it.
  if (target.kind === "percentage" && isThere)
    return {
      waitsFor: `a node that its ${target.percentage}% takes: none was there at its last step, and the step again takes one`,
      as: rolesOf("download"),
      words: [state === "DOWNLOADING" ? "download" : "activate"],
    };
  const waitsFor = "a node that fits its target and is not OFFLINE";
  return { waitsFor, as: "", words: ["get", "nodes", "--cluster", cluster, "-o", "wide"] };
}

function forApprovals({ approvals, requiredApprovals, author, editors }: Release): NextStep {
  const missing = requiredApprovals - approvals.length;
  const own = [...new Set([author, ...editors, ...approvals.map(({ by }) => by)])];
  const waitsFor = `${missing} more approval${missing === 1 ? "" : "s"} by others than ${own.join(", ")}`;
  return { waitsFor, as: rolesOf("approve"), words: ["approve"] };
}

function forSomebody(name: StepName): NextStep {
  return { waitsFor: `somebody to ${name} it`, as: rolesOf(name), words: [name] };
}

function forItsTime({ scheduledAt }: Release): NextStep {
  return watching(`its time, ${scheduledAt ?? "which has come"}`);
}

function forNodes({ counts }: Status): NextStep {
  const failed = counts.failed ?? 0;
  if (failed === 0) return watching("its nodes");
  const waitsFor = `${failed} node${failed === 1 ? "" : "s"} that failed`;
  return { waitsFor, as: rolesOf("retry"), words: ["retry"] };
}

function watching(waitsFor: string): NextStep {
  return { waitsFor, as: "", words: ["status", "--watch"] };
}

type StepName = "approve" | "download" | "activate" | "promote" | "complete" | "retry";

/** `operator or admin`, by the tables of steps and of rights. */
function rolesOf(name: StepName): string {
  const right = RELEASE_STEPS.find((step) => step.name === name)?.right ?? "none";
  return right === "none" ? "" : ACTIONS[right].join(" or ");
}

/** What comes next, on standard error. */
export function noteNextStep(line: Pick<CommandLine, "errors">, status: Status, command: Command): void {
  const text = nextStepText(status, command);
  if (text !== undefined) line.errors.write(`${text}\n`);
}

/** Asks for something about release `id`; a refusal says what comes next, or where the releases are listed. */
export async function askedOfRelease<Answer>(
  client: ApiClient,
  { id, command }: { readonly id: string; readonly command: Command },
  ask: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw hinted(error, await hintOf(client, { id, command }, error));
  }
}

async function hintOf(
  client: ApiClient,
  { id, command }: { readonly id: string; readonly command: Command },
  { code, message }: ApiError,
): Promise<string | undefined> {
  if (code === "not_found" && message === `there is no release ${id}`)
    return `next: ${hintedLine(command, ["get", "releases"])}`;
  if (!["wrong_state", "conflict", "invalid_input", "not_found"].includes(code)) return undefined;
  const status = await client.call("getRelease", { params: { release: id } }).catch(() => undefined);
  if (code === "invalid_input" || code === "not_found")
    return command.name() === "rollback" && status !== undefined
      ? `say which with --to VERSION; next: ${hintedLine(command, ["describe", "plugin", status.release.plugin])}`
      : undefined;
  return status === undefined ? undefined : nextStepText(status, command);
}

/** The open release that stands in the way of another, for who was refused one. */
export async function withOpenRelease<Answer>(
  client: ApiClient,
  of: { readonly cluster: string; readonly plugin: string },
  command: Command,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "conflict") throw error;
    const newest = await client.call("listReleases", { query: { ...of } }).catch(() => ({ items: [] }));
    const open = newest.items.find(({ state }) => OPEN.some((each) => each === state));
    throw hinted(
      error,
      open === undefined ? undefined : nextStepText({ release: open, counts: {} }, command),
    );
  }
}

function hinted(error: ApiError, hint: string | undefined): ApiError {
  if (hint === undefined) return error;
  const { code, status, problems, requestId } = error;
  return new ApiError(`${error.message}\n${hint}`, { code, status, problems, requestId, cause: error });
}
