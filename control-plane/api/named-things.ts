import { suggestion } from "../../core/nearest.ts";
import type { Silence } from "../model/alarm.ts";
import type { Actor } from "../model/actor.ts";
import type { Node } from "../model/node.ts";
import { OperationError } from "../model/operation-error.ts";
import type { View } from "../store/store.ts";
import { readableClusters } from "./readable.ts";

/** So many names are looked through for the one that was meant. */
const CANDIDATES = { limit: 1_000 };

/** Throws `not_found`, with the nearest that the actor may read. */
export async function nodeNamed(view: View, actor: Actor, id: string): Promise<Node> {
  const node = await view.nodes.get(id);
  if (node !== undefined) return node;
  const readable = await readableClusters(view, actor);
  const { items } = await view.nodes.list({}, CANDIDATES);
  const ids = items.filter(({ cluster }) => readable(cluster)).map((each) => each.id);
  throw new OperationError("not_found", `no node ${JSON.stringify(id)} has reported${suggestion(id, ids)}`);
}

/** Throws `not_found`. */
export async function silenceNamed(view: View, id: string): Promise<Silence> {
  const silence = await view.silences.get(id);
  if (silence !== undefined) return silence;
  throw new OperationError("not_found", `there is no silence ${id}`);
}

/** `, did you mean "demo"?` of the clusters that the actor may read, or nothing. */
export async function nearestCluster(view: View, actor: Actor, name: string): Promise<string> {
  const readable = await readableClusters(view, actor);
  const { items } = await view.clusters.list({}, CANDIDATES);
  const names = items.map((each) => each.name).filter((each) => each !== name && readable(each));
  return suggestion(name, names);
}
