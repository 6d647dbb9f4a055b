import { Readable } from "node:stream";

import { ApiError } from "../../control-plane/api/contract/api-error.ts";
import type { ApiClient } from "../../control-plane/api/contract/client.ts";
import type { Random } from "../fuzz-h1/random.ts";
import { taggerZip } from "./controlled-sidecar.ts";

/** A change that the control plane has answered for. */
export interface AnsweredChange {
  readonly actor: string;
  readonly tick: number;
  /** The record that was asked to change, as `kind key`; undefined: several. */
  readonly record: string | undefined;
  /** Of a release: what the answer said that it is now. */
  readonly state?: string;
}

/** Asks for one change; a refusal is thrown. Undefined: there was nothing to ask for at the moment. */
export type Ask = (count: number) => Promise<Omit<AnsweredChange, "actor"> | undefined>;

export interface ChangingClient {
  /** Name of its token. */
  readonly actor: string;
  readonly ask: Ask;
}

/** What may be refused where twenty work on the same things. */
const REFUSALS = ["wrong_state", "conflict", "in_use", "revision_mismatch"];

/** Asks until so many changes were acknowledged. Throws what should never be answered. */
export async function changesOf({ actor, ask }: ChangingClient, wanted: number): Promise<AnsweredChange[]> {
  const changes: AnsweredChange[] = [];
  while (changes.length < wanted) {
    try {
      const change = await ask(changes.length);
      if (change !== undefined) changes.push({ actor, ...change });
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || !REFUSALS.includes(thrown.code)) throw thrown;
    }
  }
  return changes;
}

/** The modes that `sluice plugin disable`, `enable` and `degrade` write; each is another than the one before. */
const MODES = ["off", "enforce", "degrade", "enforce"] as const;

type ChainPart = "mode" | "tag" | "config";

/** What the client of one part of an entry writes with its change number `count`. */
export function writtenPart(part: ChainPart, count: number): object {
  switch (part) {
    case "mode":
      return { mode: MODES[count % MODES.length] };
    case "tag":
      return { tag: `tag-${count}` };
    case "config":
      return { config: { limit: count, note: `config-${count}` } };
  }
}

/** Changes one part of one entry of a chain, while others change the rest of it. */
export function chainAsk(client: ApiClient, cluster: string, plugin: string, part: ChainPart): Ask {
  return async (count) => {
    const params = { cluster, plugin };
    const { revision } = await client.call("putChainEntry", { params, body: writtenPart(part, count) });
    return { tick: revision, record: `chains ${cluster}` };
  };
}

export function tokenAsk(client: ApiClient): Ask {
  return async (count) => {
    const grants = [{ role: "viewer", scope: { kind: "all" } }] as const;
    const body = { name: `reader-${count}`, grants: [...grants] };
    const { token } = await client.call("createToken", { body });
    return { tick: token.revision, record: `tokens ${token.id}` };
  };
}

/** Three records in one change. */
export function applyAsk(client: ApiClient): Ask {
  return async (count) => {
    const name = `area-${count}`;
    const documents = [
      { kind: "Domain", name },
      { kind: "Cluster", name, domain: name, environment: "test" },
      { kind: "Plugin", name, domain: name, owners: ["admin"] },
    ];
    const { tick } = await client.call("applyDocument", { body: { documents } });
    return { tick, record: undefined };
  };
}

export function uploadAsk(client: ApiClient, plugin: string): Ask {
  return async (count) => {
    const version = `9.${count}.0`;
    const zip = taggerZip(plugin, version);
    const file = { name: "package.zip", size: zip.length, bytes: Readable.from([zip]) };
    const { revision } = await client.upload({ plugin }, file);
    return { tick: revision, record: `versions ${plugin}@${version}` };
  };
}

export interface ReleaseAskOptions {
  readonly client: ApiClient;
  /** Name of its token: nobody approves what is their own. */
  readonly actor: string;
  readonly cluster: string;
  readonly plugin: string;
  readonly versions: readonly [string, ...string[]];
  /** The node that a gray release is for. */
  readonly node: string;
  readonly random: Random;
}

/** Steps that bring a release further, each as often as it is chosen beside those that end it. */
const FORWARD = ["approve", "download", "activate", "promote", "complete", "widen"];
const WEIGHT = 4;

/** Does to the newest release of a plugin in a cluster whatever can be done, while others do the same. */
export function releaseAsk(options: ReleaseAskOptions): Ask {
  const { client, actor, cluster, plugin, random } = options;
  return async () => {
    const { items } = await client.call("listReleases", { query: { cluster, plugin, limit: 1 } });
    const [newest] = items;
    const own = newest !== undefined && [newest.author, ...newest.editors].includes(actor);
    const possible = (newest?.actions ?? []).filter((action) => action !== "approve" || !own);
    const isBase = newest?.state === "ACTIVE" || newest?.state === "DONE";
    const back = newest?.base !== undefined && newest.base !== newest.version;
    const steps = possible.filter((action) => isPossible(action, isBase, back));
    if (isBase || steps.length === 0) steps.push("create");
    const weighed = steps.flatMap((step) => Array<string>(FORWARD.includes(step) ? WEIGHT : 1).fill(step));
    const step = random.pick(weighed as [string, ...string[]]);
    if (newest === undefined || step === "create") return answered(await create(options));
    const { id, revision, target } = newest;
    return answered(await take(options, step, { params: { release: id }, revision }, target.kind));
  };
}

/** Bypass is an admin's, a base that is deleted would empty nodes, and a rollback needs something to go back to. */
function isPossible(action: string, isBase: boolean, back: boolean): boolean {
  if (action === "bypass" || (action === "delete" && isBase)) return false;
  return action !== "rollback" || back;
}

type Changed = Awaited<ReturnType<typeof create>>;

function answered({ release: { id, state }, tick }: Changed): Omit<AnsweredChange, "actor"> {
  return { tick, record: `releases ${id}`, state };
}

async function create({
  client,
  cluster,
  plugin,
  versions,
  node,
  random,
}: ReleaseAskOptions): Promise<Awaited<ReturnType<typeof client.call<"createRelease">>>> {
  const full = { kind: "full" } as const;
  const target = random.pick([full, full, gray(node, random)]);
  const body = { cluster, plugin, version: random.pick([...versions] as [string]), target };
  return client.call("createRelease", { body });
}

function gray(node: string, random: Random): { kind: "nodes"; nodes: string[] } | Traffic {
  return random.once(2) ? { kind: "nodes", nodes: [node] } : { kind: "traffic", percentage: 25 };
}

type Traffic = { kind: "traffic"; percentage: number };

async function take(
  { client, node, random }: ReleaseAskOptions,
  step: string,
  request: { readonly params: { readonly release: number }; readonly revision: number },
  target: string,
): Promise<Changed> {
  const body = { reason: "a test" };
  switch (step) {
    case "approve":
      return client.call("approveRelease", request);
    case "reject":
      return client.call("rejectRelease", { ...request, body });
    case "edit":
      return client.call("editRelease", { ...request, body: { note: String(random.below(1_000)) } });
    case "cancel":
      return client.call("cancelRelease", request);
    case "download":
      return client.call("downloadRelease", request);
    case "activate":
      return client.call("activateRelease", request);
    case "widen":
      return client.call("widenRelease", {
        ...request,
        body: { target: target === "nodes" ? { kind: "traffic", percentage: 50 } : gray(node, random) },
      });
    case "promote":
      return client.call("promoteRelease", request);
    case "complete":
      return client.call("completeRelease", request);
    case "fail":
      return client.call("failRelease", { ...request, body });
    case "retry":
      return client.call("retryRelease", { params: request.params, body: {} });
    case "delete":
      return client.call("deleteRelease", request);
    default:
      return client.call("rollBackRelease", { params: request.params, body: {} });
  }
}
